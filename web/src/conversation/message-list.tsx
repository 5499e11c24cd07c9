import { useLayoutEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { Refusal } from '../api/refusal.ts';
import { notify } from '../ui/notices.tsx';
import { isOfOptions } from './room-chat.ts';
import { Reply } from './reply.tsx';
import type { ConversationState } from './use-conversation.ts';
import { UserMessage } from './user-message.tsx';

/** How near to its end the list follows what is added to it, in pixels. */
const NEAR = 120;

/** The messages of the active branch, and how the newest request stands. */
export function MessageList({ conversation }: { conversation: ConversationState }) {
  const { messages, isBusy, error, loadOlder } = conversation;
  const list = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  useLayoutEffect(() => {
    if (isFollowing && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages, isFollowing]);
  const newest = messages.at(-1);
  const isUnanswered = newest?.role === 'user';
  return (
    <div
      className="messages"
      ref={list}
      tabIndex={0}
      role="region"
      aria-label="Messages"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        setFollowing(scrollHeight - scrollTop - clientHeight < NEAR);
      }}
    >
      <div className="column">
        {loadOlder !== null && (
          <Button
            className="link"
            onPress={() => {
              setFollowing(false);
              loadOlder().catch(notify);
            }}
          >
            Show earlier messages
          </Button>
        )}
        <ol>
          {messages.map((message) =>
            message.role === 'user' ? (
              <UserMessage key={message.id} message={message} conversation={conversation} />
            ) : (
              <Reply key={message.id} message={message} conversation={conversation} isNewest={message === newest} />
            ),
          )}
        </ol>
        {isUnanswered && isBusy && <p className="waiting">Sending…</p>}
        {isUnanswered && !isBusy && (
          <div className="failure" role="alert">
            <p>{error?.message ?? 'This message has no answer.'}</p>
            {!(error instanceof Refusal && error.code === 'daily_limit_reached') && (
              <Button
                className="button small"
                onPress={() => {
                  conversation.regenerate();
                }}
              >
                {isOfOptions(error) ? 'Send without it' : 'Try again'}
              </Button>
            )}
          </div>
        )}
        <p className="visually-hidden" role="status">
          {isBusy ? 'The answer is being written.' : newest?.role === 'assistant' ? 'The answer is complete.' : ''}
        </p>
      </div>
    </div>
  );
}
