import { useState } from 'react';
import { Button, TextArea, TextField } from 'react-aria-components';
import { AttachmentList } from '../attachments/attachment-list.tsx';
import { Icon } from '../ui/icons.tsx';
import { BranchSwitch } from './branch-switch.tsx';
import type { RoomMessage } from './room-chat.ts';
import { textOf } from './text-of.ts';
import type { ConversationState } from './use-conversation.ts';

interface UserMessageProps {
  readonly message: RoomMessage;
  readonly conversation: ConversationState;
}

export function UserMessage({ message, conversation }: UserMessageProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const text = textOf(message);
  const attachments = message.metadata?.attachments ?? [];
  if (draft !== null) {
    return (
      <li className="message user editing">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setDraft(null);
            if ((draft.trim() !== '' || attachments.length > 0) && draft !== text)
              conversation.edit(message.id, { text: draft, attachments });
          }}
        >
          <TextField aria-label="Edited message" value={draft} onChange={setDraft} autoFocus>
            <TextArea rows={3} />
          </TextField>
          <div className="actions">
            <Button
              className="button small"
              onPress={() => {
                setDraft(null);
              }}
            >
              Cancel
            </Button>
            <Button className="button small primary" type="submit">
              Send
            </Button>
          </div>
        </form>
      </li>
    );
  }
  return (
    <li className="message user">
      {attachments.length > 0 && <AttachmentList attachments={attachments} />}
      {text !== '' && (
        <p className="bubble">
          <span className="visually-hidden">You: </span>
          {text}
        </p>
      )}
      <div className="tools">
        <Button
          className="icon-button small"
          aria-label="Edit"
          isDisabled={conversation.isBusy}
          onPress={() => {
            setDraft(text);
          }}
        >
          <Icon name="edit" />
        </Button>
        <BranchSwitch message={message} conversation={conversation} />
      </div>
    </li>
  );
}
