import { api, bodyOf, type MessageRecord } from '../api.ts';
import { ChangeButton } from '../ui/change-button.tsx';

interface RetryReplyProps {
  readonly message: MessageRecord;
  readonly onDone: () => void;
}

export const RetryReply = ({ message, onDone }: RetryReplyProps) => (
  <ChangeButton
    change={{
      button: 'Retry',
      title: 'Retry this reply?',
      text: 'A new attempt is made, at no charge to the user. Readers of the stream see the reply begin again.',
      action: 'Retry',
      act: async () => {
        await bodyOf(api.POST('/admin/messages/{message_id}/retry', { params: { path: { message_id: message.id } } }));
        return 'The reply is being retried.';
      },
    }}
    onDone={onDone}
  />
);
