import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import type { User } from '../api/session.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { notify } from '../ui/notices.tsx';
import { useTask } from '../ui/use-task.ts';

export function PasswordPanel({ user }: { user: User }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const task = useTask();
  if (!user.has_password) return <p>This account has no password. “Forgot password?” on the sign-in page sets one.</p>;
  return (
    <Form
      submit="Change password"
      task={task}
      onSubmit={async () => {
        await bodyOf(api.POST('/auth/change-password', { body: { current_password: current, new_password: next } }));
        setCurrent('');
        setNext('');
        notify('Your password is changed. All other sessions have ended.');
      }}
    >
      <Field label="Current password" type="password" value={current} onChange={setCurrent} autoComplete="current-password" isRequired />
      <Field label="New password" type="password" value={next} onChange={setNext} autoComplete="new-password" isRequired />
    </Form>
  );
}
