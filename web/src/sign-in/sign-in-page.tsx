import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Icon } from '../ui/icons.tsx';
import { CodeForm } from './code-form.tsx';
import { NumberForm } from './number-form.tsx';
import { PasswordForm } from './password-form.tsx';
import { ResetForm } from './reset-form.tsx';
import type { SentCode, SentToNumber } from './sent-code.ts';
import { SignUpForm } from './sign-up-form.tsx';

type Step =
  | { readonly name: 'sign-up' | 'password' | 'code' | 'reset' }
  | { readonly name: 'enter-code'; readonly sent: SentCode }
  | { readonly name: 'new-password'; readonly sent: SentToNumber };

const HEADINGS: Readonly<Record<Step['name'], string>> = {
  'sign-up': 'Create your account',
  password: 'Welcome back',
  code: 'Sign in with a code',
  reset: 'Set a new password',
  'enter-code': 'Enter your code',
  'new-password': 'Set a new password',
};

/** Who was here before has an account, most likely. */
const WAS_HERE = 'was-here';

export function SignInPage({ notice }: { notice: string }) {
  const [step, setStep] = useState<Step>(() => ({ name: localStorage.getItem(WAS_HERE) === null ? 'sign-up' : 'password' }));
  const to = (name: 'sign-up' | 'password' | 'code' | 'reset', label: string) => (
    <Button
      className="link"
      onPress={() => {
        setStep({ name });
      }}
    >
      {label}
    </Button>
  );
  const enterCode = (sent: SentCode) => {
    localStorage.setItem(WAS_HERE, 'true');
    setStep({ name: 'enter-code', sent });
  };
  return (
    <main className="sign-in">
      <div className="card">
        <p className="brand">
          <Icon name="spark" /> Gemini Chat
        </p>
        <h1>{HEADINGS[step.name]}</h1>
        {notice !== '' && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        {step.name === 'sign-up' && <SignUpForm onSent={enterCode} />}
        {step.name === 'password' && <PasswordForm onCodeWanted={enterCode} />}
        {step.name === 'code' && <NumberForm purpose="sign-in" onSent={enterCode} />}
        {step.name === 'reset' && (
          <NumberForm
            purpose="reset"
            onSent={(sent) => {
              setStep({ name: 'new-password', sent });
            }}
          />
        )}
        {step.name === 'enter-code' && <CodeForm sent={step.sent} />}
        {step.name === 'new-password' && <ResetForm sent={step.sent} />}
        <nav aria-label="Other ways in" className="ways">
          {step.name === 'sign-up' ? <p>Already have an account? {to('password', 'Sign in')}</p> : null}
          {step.name === 'password' && (
            <p>
              {to('code', 'Sign in with a code')} {to('reset', 'Forgot password?')}
            </p>
          )}
          {step.name !== 'sign-up' && step.name !== 'password' && <p>{to('password', 'Sign in with a password')}</p>}
          {step.name !== 'sign-up' && <p>New here? {to('sign-up', 'Create an account')}</p>}
        </nav>
      </div>
    </main>
  );
}
