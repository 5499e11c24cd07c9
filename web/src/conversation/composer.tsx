import { type ReactNode, useRef, useState } from 'react';
import { Button, TextArea, TextField } from 'react-aria-components';
import { DraftList } from '../attachments/draft-list.tsx';
import { useDrafts } from '../attachments/use-drafts.ts';
import { Icon } from '../ui/icons.tsx';
import type { NewMessage } from './use-conversation.ts';
import { useDraftText } from './use-draft-text.ts';

interface ComposerProps {
  /** Null for a new room. */
  readonly roomId: string | null;
  /** Takes the message, and calls `clear` once it is sent. What is not sent stays in the composer. */
  readonly onSend: (message: NewMessage, clear: () => void) => void;
  /** Shown in the place of sending while a reply is made. */
  readonly onStop?: (() => void) | undefined;
  readonly isBusy?: boolean;
  /** What stands below the text. */
  readonly children?: ReactNode;
}

/**
 * Where a message is written. Enter sends it; with Shift it begins another line. Files are chosen, dropped or pasted.
 */
export function Composer({ roomId, onSend, onStop, isBusy = false, children }: ComposerProps) {
  const [text, setText] = useDraftText(roomId);
  const [isDropTarget, setDropTarget] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const drafts = useDrafts();
  const { attachments } = drafts;
  const isEmpty = text.trim() === '' && drafts.list.length === 0;
  const canSend = (text.trim() !== '' || attachments.length > 0) && !drafts.isUploading && !isBusy;
  const send = () => {
    if (!canSend) return;
    onSend({ text, attachments }, () => {
      setText('');
      drafts.clear();
    });
  };
  return (
    <form
      className={isDropTarget ? 'composer drop-target' : 'composer'}
      onDragOver={(event) => {
        event.preventDefault();
        setDropTarget(true);
      }}
      onDragLeave={() => {
        setDropTarget(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDropTarget(false);
        drafts.add(event.dataTransfer.files);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {drafts.list.length > 0 && <DraftList drafts={drafts} />}
      <div className="line">
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            drafts.add([...(currentTarget.files ?? [])]);
            currentTarget.value = '';
          }}
        />
        <Button className="icon-button" aria-label="Attach files" onPress={() => chooser.current?.click()}>
          <Icon name="attach" />
        </Button>
        <TextField aria-label="Message" value={text} onChange={setText} autoFocus>
          <TextArea
            rows={1}
            placeholder="Write a message"
            onPaste={(event) => {
              const files = [...event.clipboardData.files];
              if (files.length === 0) return;
              event.preventDefault();
              drafts.add(files);
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
        </TextField>
        {onStop !== undefined && isEmpty ? (
          <Button className="send-button" aria-label="Stop" onPress={onStop}>
            <Icon name="stop" />
          </Button>
        ) : (
          <Button className="send-button" type="submit" aria-label="Send" isDisabled={!canSend}>
            <Icon name="send" />
          </Button>
        )}
      </div>
      {children}
    </form>
  );
}
