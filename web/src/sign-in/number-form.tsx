import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import type { SentToNumber } from './sent-code.ts';

interface NumberFormProps {
  readonly purpose: 'sign-in' | 'reset';
  readonly onSent: (sent: SentToNumber) => void;
}

/** Sends a code to a number. */
export function NumberForm({ purpose, onSent }: NumberFormProps) {
  const [mobileNumber, setMobileNumber] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Send a code"
      task={task}
      onSubmit={async () => {
        const body = { mobile_number: mobileNumber };
        const request = purpose === 'reset' ? api.POST('/auth/forgot-password', { body }) : api.POST('/auth/send-otp', { body });
        onSent({ challenge: await bodyOf(request), mobileNumber });
      }}
    >
      <Field label="Mobile number" type="tel" value={mobileNumber} onChange={setMobileNumber} autoComplete="tel" isRequired />
    </Form>
  );
}
