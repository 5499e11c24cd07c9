import { Button } from 'react-aria-components';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import type { RoomMessage } from './room-chat.ts';
import type { ConversationState } from './use-conversation.ts';

interface BranchSwitchProps {
  readonly message: RoomMessage;
  readonly conversation: ConversationState;
}

/** Leads to the other messages at this place: what a question was before an edit, or the other answers. */
export function BranchSwitch({ message, conversation }: BranchSwitchProps) {
  const siblings = message.metadata?.sibling_ids ?? [];
  const place = siblings.indexOf(message.id);
  if (siblings.length < 2 || place < 0) return null;
  const to = (index: number, label: string, icon: 'chevronLeft' | 'chevronRight') => {
    const id = siblings[index];
    return (
      <Button
        className="icon-button small"
        aria-label={label}
        isDisabled={id === undefined || conversation.isBusy}
        onPress={() => {
          if (id !== undefined) conversation.activate(id).catch(notify);
        }}
      >
        <Icon name={icon} />
      </Button>
    );
  };
  return (
    <span className="branches" role="group" aria-label="Versions">
      {to(place - 1, 'Previous version', 'chevronLeft')}
      <span>
        {place + 1} / {siblings.length}
      </span>
      {to(place + 1, 'Next version', 'chevronRight')}
    </span>
  );
}
