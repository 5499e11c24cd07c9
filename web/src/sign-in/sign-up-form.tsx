import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import type { SentCode } from './sent-code.ts';

export function SignUpForm({ onSent }: { onSent: (sent: SentCode) => void }) {
  const [username, setUsername] = useState('');
  const [mobileNumber, setMobileNumber] = useState('');
  const [password, setPassword] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Create account"
      task={task}
      onSubmit={async () => {
        const challenge = await bodyOf(api.POST('/auth/signup', { body: { username, mobile_number: mobileNumber, password } }));
        onSent({ challenge, mobileNumber });
      }}
    >
      <Field label="Username" value={username} onChange={setUsername} autoComplete="username" isRequired />
      <Field
        label="Mobile number"
        type="tel"
        value={mobileNumber}
        onChange={setMobileNumber}
        autoComplete="tel"
        hint="With the country code, such as +91 98765 43210. It gets a code."
        isRequired
      />
      <Field label="Password" type="password" value={password} onChange={setPassword} autoComplete="new-password" isRequired />
    </Form>
  );
}
