import { Field } from '../ui/field.tsx';
import type { SentCode } from './sent-code.ts';

const NOTHING_SENT = 'No message is sent on this machine: here is your code.';

interface CodeFieldProps {
  readonly sent: SentCode;
  readonly value: string;
  readonly onChange: (code: string) => void;
}

/** The code that was sent. The local mode sends none: its answer holds the code, which is filled in already. */
export const CodeField = ({ sent: { challenge, mobileNumber }, value, onChange }: CodeFieldProps) => (
  <Field
    label="Code"
    value={value}
    onChange={onChange}
    inputMode="numeric"
    autoComplete="one-time-code"
    hint={challenge.otp === undefined ? `We sent six digits to ${mobileNumber ?? 'the number of the account'}.` : NOTHING_SENT}
    isRequired
    autoFocus
  />
);
