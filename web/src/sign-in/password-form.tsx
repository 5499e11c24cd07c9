import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { REFRESH_IN, session } from '../api/session.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import { isMobileNumber, type SentCode } from './sent-code.ts';

export function PasswordForm({ onCodeWanted }: { onCodeWanted: (sent: SentCode) => void }) {
  const [identifier, setIdentifier] = useState('');
  const [password, setPassword] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Sign in"
      task={task}
      onSubmit={async () => {
        try {
          session.begin(await bodyOf(api.POST('/auth/login', { body: { identifier, password, refresh_in: REFRESH_IN } })));
        } catch (error) {
          const { challenge_id, otp } = error instanceof Refusal ? error.problem : {};
          if (challenge_id === undefined) throw error;
          const challenge = otp === undefined ? { challenge_id } : { challenge_id, otp };
          onCodeWanted({ challenge, mobileNumber: isMobileNumber(identifier) ? identifier : null });
        }
      }}
    >
      <Field label="Username or mobile number" value={identifier} onChange={setIdentifier} autoComplete="username" isRequired />
      <Field label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" isRequired />
    </Form>
  );
}
