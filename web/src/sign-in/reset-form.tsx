import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { REFRESH_IN, session } from '../api/session.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import { CodeField } from './code-field.tsx';
import type { SentToNumber } from './sent-code.ts';

/** Sets another password with a code, and signs in with it. */
export function ResetForm({ sent }: { sent: SentToNumber }) {
  const [otp, setOtp] = useState(sent.challenge.otp ?? '');
  const [password, setPassword] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Set password"
      task={task}
      onSubmit={async () => {
        const { mobileNumber, challenge } = sent;
        const { challenge_id } = challenge;
        await bodyOf(
          api.POST('/auth/reset-password', { body: { mobile_number: mobileNumber, otp, new_password: password, challenge_id } }),
        );
        session.begin(await bodyOf(api.POST('/auth/login', { body: { identifier: mobileNumber, password, refresh_in: REFRESH_IN } })));
      }}
    >
      <CodeField sent={sent} value={otp} onChange={setOtp} />
      <Field label="New password" type="password" value={password} onChange={setPassword} autoComplete="new-password" isRequired />
    </Form>
  );
}
