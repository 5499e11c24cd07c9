import type { ReactNode } from 'react';
import { Button } from 'react-aria-components';
import type { Task } from './use-task.ts';

interface FormProps {
  readonly submit: string;
  readonly task: Task;
  readonly onSubmit: () => Promise<unknown>;
  /** What stands beside the button. */
  readonly actions?: ReactNode;
  readonly tone?: 'primary' | 'danger';
  readonly children: ReactNode;
}

/** Fields, what the API said of them, and the button that sends them. */
export const Form = ({ submit, task, onSubmit, actions, tone = 'primary', children }: FormProps) => (
  <form
    className="form"
    onSubmit={(event) => {
      event.preventDefault();
      if (!task.isBusy) task.run(onSubmit);
    }}
  >
    {children}
    <p className="problem" role="alert">
      {task.error?.message}
    </p>
    <div className="actions">
      {actions}
      <Button type="submit" className={`button ${tone} ${task.isBusy ? 'busy' : ''}`}>
        {submit}
      </Button>
    </div>
  </form>
);
