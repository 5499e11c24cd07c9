import { api, bodyOf } from '../api.ts';
import { count } from '../format.ts';
import { fieldsOf, type FilterValues } from '../list/list.ts';
import { ChangeButton } from '../ui/change-button.tsx';

interface RetryRepliesProps {
  readonly query: FilterValues;
  readonly onDone: () => void;
}

/** Retries the failed replies that match the filters which a retry knows. */
export const RetryReplies = ({ query, onDone }: RetryRepliesProps) => (
  <ChangeButton
    change={{
      button: 'Retry failed…',
      title: 'Retry failed replies?',
      text: 'The oldest 100 failed replies that match the filters for user, chatroom and time are retried, at no charge.',
      action: 'Retry all',
      act: async () => {
        const body = fieldsOf(query, 'user_id', 'username', 'chatroom_id', 'from', 'to');
        const { message_ids: ids, has_more: hasMore } = await bodyOf(api.POST('/admin/messages/retry', { body }));
        return `${count(ids.length)} replies are being retried${hasMore ? '; more have failed' : ''}.`;
      },
    }}
    onDone={onDone}
  />
);
