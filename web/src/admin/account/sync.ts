import { api, bodyOf } from '../api.ts';
import type { Change } from '../ui/change-button.tsx';

/** Has the API read what a user has at Stripe. */
export const syncOf = (userId: string, username: string): Change => ({
  button: 'Read from Stripe',
  title: `Read the subscriptions of ${username} from Stripe?`,
  text: 'What Stripe says now is stored, and decides on the plan.',
  action: 'Read',
  act: async () => {
    const { plan } = await bodyOf(api.POST('/admin/subscriptions/{user_id}/sync', { params: { path: { user_id: userId } } }));
    return `Stripe was asked: ${username} has ${plan === 'pro' ? 'Pro' : 'Basic'}.`;
  },
});
