import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { REFRESH_IN, session } from '../api/session.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import { CodeField } from './code-field.tsx';
import type { SentCode } from './sent-code.ts';

/** Signs in with the code, which also verifies the number. */
export function CodeForm({ sent }: { sent: SentCode }) {
  const [mobileNumber, setMobileNumber] = useState(sent.mobileNumber ?? '');
  const [otp, setOtp] = useState(sent.challenge.otp ?? '');
  const task = useTask();
  return (
    <Form
      submit="Continue"
      task={task}
      onSubmit={async () => {
        const { challenge_id } = sent.challenge;
        const body = { mobile_number: mobileNumber, otp, challenge_id, refresh_in: REFRESH_IN };
        session.begin(await bodyOf(api.POST('/auth/verify-otp', { body })));
      }}
    >
      {sent.mobileNumber === null && (
        <Field label="Mobile number" type="tel" value={mobileNumber} onChange={setMobileNumber} autoComplete="tel" isRequired />
      )}
      <CodeField sent={sent} value={otp} onChange={setOtp} />
    </Form>
  );
}
