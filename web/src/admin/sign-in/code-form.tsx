import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { isMobileNumber } from '../../sign-in/sent-code.ts';
import { useTask } from '../../ui/use-task.ts';
import { api, bodyOf } from '../api.ts';
import { session } from '../session.ts';
import type { AskedCode } from './asked-code.ts';

interface CodeFormProps {
  readonly asked: AskedCode;
  readonly onRestart: () => void;
}

export function CodeForm({ asked: { challengeId, identifier }, onRestart }: CodeFormProps) {
  const isNumber = isMobileNumber(identifier);
  const [mobileNumber, setMobileNumber] = useState(isNumber ? identifier : '');
  const [otp, setOtp] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Verify"
      task={task}
      onSubmit={async () => {
        const body = { mobile_number: mobileNumber, otp, challenge_id: challengeId };
        await session.begin(await bodyOf(api.POST('/auth/verify-otp', { body })));
      }}
      actions={
        <Button className="link" onPress={onRestart}>
          Start again with a new code
        </Button>
      }
    >
      <p className="soft">A code was sent to the mobile number of the account. It is valid for five minutes.</p>
      <Field
        label="Mobile number"
        type="tel"
        value={mobileNumber}
        onChange={setMobileNumber}
        autoComplete="tel"
        isRequired
        autoFocus={!isNumber}
      />
      <Field
        label="Code"
        value={otp}
        onChange={setOtp}
        inputMode="numeric"
        autoComplete="one-time-code"
        hint="Six digits"
        isRequired
        autoFocus={isNumber}
      />
    </Form>
  );
}
