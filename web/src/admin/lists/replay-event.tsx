import { api, bodyOf, type WebhookEvent } from '../api.ts';
import { ChangeButton } from '../ui/change-button.tsx';

interface ReplayEventProps {
  readonly event: WebhookEvent;
  readonly onDone: () => void;
}

export const ReplayEvent = ({ event, onDone }: ReplayEventProps) => (
  <ChangeButton
    change={{
      button: 'Replay',
      title: 'Replay this event?',
      text: 'The present state is read from Stripe and stored.',
      action: 'Replay',
      act: async () => {
        await bodyOf(api.POST('/admin/webhook-events/{event_id}/replay', { params: { path: { event_id: event.id } } }));
        return 'The event is being processed again.';
      },
    }}
    onDone={onDone}
  />
);
