import { lazy, Suspense, useMemo } from 'react';
import { Button } from 'react-aria-components';
import { copyText } from '../ui/copy-text.ts';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import { BranchSwitch } from './branch-switch.tsx';
import { Rating } from './rating.tsx';
import { isUnfinished, type RoomMessage } from './room-chat.ts';
import { sourceElementId, Sources, sourcesOf } from './sources.tsx';
import { textOf, thoughtsOf } from './text-of.ts';
import { Thoughts } from './thoughts.tsx';
import type { ConversationState } from './use-conversation.ts';

const Markdown = lazy(() => import('./markdown.tsx'));

interface ReplyProps {
  readonly message: RoomMessage;
  readonly conversation: ConversationState;
  readonly isNewest: boolean;
}

/** An answer of the model: Markdown, and how it ended where that is not as it should be. */
export function Reply({ message, conversation, isNewest }: ReplyProps) {
  const text = textOf(message);
  const isOpen = isUnfinished(message);
  const sources = useMemo(
    () => sourcesOf(message).map((source, i) => ({ ...source, elementId: sourceElementId(message, i + 1) })),
    [message],
  );
  return (
    <li className={`message reply ${isNewest ? 'newest' : ''}`} aria-busy={isOpen}>
      <span className="visually-hidden">Answer: </span>
      <Thoughts message={message} />
      <Suspense fallback={<p className="plain">{text}</p>}>
        <Markdown text={text} sources={sources} />
      </Suspense>
      {isOpen && text === '' && (thoughtsOf(message) === '' || conversation.waitUntil !== null) && (
        <Waiting until={conversation.waitUntil} />
      )}
      <Sources message={message} />
      <Ending message={message} />
      {!isOpen && (
        <div className="tools">
          {text !== '' && (
            <Button
              className="icon-button small"
              aria-label="Copy"
              onPress={() => {
                copyText(text).then(() => {
                  notify('Copied.');
                }, notify);
              }}
            >
              <Icon name="copy" />
            </Button>
          )}
          <Button
            className="icon-button small"
            aria-label="Regenerate"
            isDisabled={conversation.isBusy}
            onPress={() => {
              conversation.regenerate(message.id);
            }}
          >
            <Icon name="retry" />
          </Button>
          <BranchSwitch message={message} conversation={conversation} />
          {text !== '' && <Rating message={message} conversation={conversation} />}
        </div>
      )}
    </li>
  );
}

const Waiting = ({ until }: { until: string | null }) => (
  <p className="waiting">
    {until === null ? 'Thinking…' : `The model is busy. It is asked again at ${new Date(until).toLocaleTimeString()}.`}
  </p>
);

/** Says why an answer is not whole. */
function Ending({ message: { metadata } }: { message: RoomMessage }) {
  switch (metadata?.status) {
    case 'failed':
      return <p className="failure">{metadata.error?.message ?? 'This answer failed.'} It costs nothing.</p>;
    case 'blocked':
      return <p className="failure">The model does not answer this.</p>;
    case 'cancelled':
      return <p className="soft">Stopped.</p>;
    case undefined:
    default:
      return metadata?.finish_reason === 'length' ? <p className="soft">The answer ends here because of its length.</p> : null;
  }
}
