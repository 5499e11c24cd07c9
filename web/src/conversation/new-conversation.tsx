import { Button } from 'react-aria-components';
import { api, bodyOf, type Model, type Room } from '../api/client.ts';
import type { User } from '../api/session.ts';
import { useTask } from '../ui/use-task.ts';
import { AnswerOptionsBar, useAnswerOptions } from './answer-options.tsx';
import { Composer } from './composer.tsx';
import type { NewMessage } from './use-conversation.ts';

const IDEAS = [
  'Plan two calm days in Kyoto with children',
  'Explain recursion with an everyday example',
  'Write a friendly note that declines an invitation',
];

interface NewConversationProps {
  readonly user: User;
  readonly models: readonly Model[];
  readonly onStarted: (room: Room, message: NewMessage) => void;
}

/** A room that is made when its first message is sent. */
export function NewConversation({ user, models, onStarted }: NewConversationProps) {
  const task = useTask();
  const options = useAnswerOptions(models.find((model) => model.default)?.capabilities);
  const start = (message: NewMessage, onSent?: () => void) => {
    if (task.isBusy) return;
    task.run(async () => {
      const room = await bodyOf(api.POST('/chatroom', { body: options.chosen }));
      onSent?.();
      onStarted(room, message);
    });
  };
  return (
    <main className="conversation new">
      <div className="welcome">
        <h1>What is on your mind, {user.username}?</h1>
        <p className="problem" role="alert">
          {task.error?.message}
        </p>
        <Composer roomId={null} onSend={start} isBusy={task.isBusy}>
          <AnswerOptionsBar options={options} />
        </Composer>
        <ul className="ideas">
          {IDEAS.map((idea) => (
            <li key={idea}>
              <Button
                className="idea"
                onPress={() => {
                  start({ text: idea, attachments: [] });
                }}
              >
                {idea}
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </main>
  );
}
