import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { notify } from '../../ui/notices.tsx';
import { useTask } from '../../ui/use-task.ts';

interface QuestionField {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'number' | 'date';
  readonly value?: string;
  readonly hint?: string;
}

/** A change that is made after a question. */
export interface Change {
  /** The text of the button that asks. */
  readonly button: string;
  readonly title: string;
  readonly text: string;
  /** The text of the button that makes the change. */
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly isDisabled?: boolean;
  readonly fields?: readonly QuestionField[];
  /** Makes the change. @returns the notice that says so. @throws Refusal, which the dialog shows */
  readonly act: (values: Readonly<Record<string, string>>) => Promise<string>;
}

interface ChangeButtonProps {
  readonly change: Change;
  readonly onDone: () => void;
}

/** A button that asks, and then makes a change. */
export function ChangeButton({ change, onDone }: ChangeButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
  };
  return (
    <>
      <Button
        className={`button small ${change.isDangerous ? 'risky' : ''}`}
        isDisabled={change.isDisabled ?? false}
        onPress={() => {
          setOpen(true);
        }}
      >
        {change.button}
      </Button>
      <Dialog title={change.title} isOpen={isOpen} onClose={close}>
        <Question
          change={change}
          onCancel={close}
          onDone={() => {
            close();
            onDone();
          }}
        />
      </Dialog>
    </>
  );
}

function Question({ change, onCancel, onDone }: ChangeButtonProps & { readonly onCancel: () => void }) {
  const { text, action, isDangerous, fields = [], act } = change;
  const [values, setValues] = useState(() => Object.fromEntries(fields.map(({ name, value = '' }) => [name, value])));
  const task = useTask();
  return (
    <Form
      submit={action}
      tone={isDangerous ? 'danger' : 'primary'}
      task={task}
      onSubmit={async () => {
        notify(await act(values));
        onDone();
      }}
      actions={
        <Button className="button" onPress={onCancel}>
          Cancel
        </Button>
      }
    >
      <p className="soft">{text}</p>
      {fields.map(({ name, label, type = 'text', hint }) => (
        <Field
          key={name}
          label={label}
          type={type}
          value={values[name] ?? ''}
          onChange={(value) => {
            setValues((before) => ({ ...before, [name]: value }));
          }}
          hint={hint}
          autoComplete="off"
          isRequired
        />
      ))}
    </Form>
  );
}
