import { Dialog } from './dialog.tsx';
import { Form } from './form.tsx';
import { useTask } from './use-task.ts';

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<unknown>;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, text, action, isOpen, onClose, onConfirm }: ConfirmProps) {
  const task = useTask();
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <Form submit={action} tone="danger" task={task} onSubmit={() => onConfirm().then(onClose)}>
        <p>{text}</p>
      </Form>
    </Dialog>
  );
}
