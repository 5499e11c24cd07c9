import { useState } from 'react';
import { Refusal } from '../../api/refusal.ts';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { useTask } from '../../ui/use-task.ts';
import { api, bodyOf } from '../api.ts';
import { session } from '../session.ts';
import type { AskedCode } from './asked-code.ts';

export function PasswordForm({ onCodeAsked }: { onCodeAsked: (asked: AskedCode) => void }) {
  const [identifier, setIdentifier] = useState('');
  const [password, setPassword] = useState('');
  const task = useTask();
  return (
    <Form
      submit="Sign in"
      task={task}
      onSubmit={async () => {
        try {
          await session.begin(await bodyOf(api.POST('/auth/login', { body: { identifier, password } })));
        } catch (error) {
          const { challenge_id } = error instanceof Refusal ? error.problem : {};
          if (challenge_id === undefined) throw error;
          onCodeAsked({ challengeId: challenge_id, identifier });
        }
      }}
    >
      <Field
        label="Username or mobile number"
        value={identifier}
        onChange={setIdentifier}
        autoComplete="username"
        spellCheck="false"
        isRequired
        autoFocus
      />
      <Field label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" isRequired />
    </Form>
  );
}
