import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api, bodyOf, type Challenge } from '../api/client.ts';
import { session, type User } from '../api/session.ts';
import { CodeField } from '../sign-in/code-field.tsx';
import { download } from '../ui/download.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';

export function DataPanel({ user }: { user: User }) {
  const task = useTask();
  return (
    <>
      <h3>Export</h3>
      <p>Everything that is stored about you, as one JSON document.</p>
      <Button
        className="button"
        isDisabled={task.isBusy}
        onPress={() => {
          task.run(() => download('/user/me/export', `${user.username}.json`));
        }}
      >
        Save my data
      </Button>
      <p className="problem" role="alert">
        {task.error?.message}
      </p>
      <h3>Erase the account</h3>
      <p>Your account, all chats and a running subscription end at once, for good.</p>
      <EraseForm user={user} />
    </>
  );
}

/** Erases the account with its password, or with a code where it has none. */
function EraseForm({ user }: { user: User }) {
  const [password, setPassword] = useState('');
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [otp, setOtp] = useState('');
  const task = useTask();
  const needsCode = !user.has_password && challenge === null;
  return (
    <Form
      submit={needsCode ? 'Send a code' : 'Erase my account'}
      tone="danger"
      task={task}
      onSubmit={async () => {
        if (needsCode) {
          const sent = await bodyOf(api.POST('/auth/send-otp', { body: { mobile_number: user.mobile_number } }));
          setChallenge(sent);
          setOtp(sent.otp ?? '');
          return;
        }
        const body = challenge === null ? { password } : { otp, challenge_id: challenge.challenge_id };
        await bodyOf(api.DELETE('/user/me', { body }));
        session.end('Your account is erased.');
      }}
    >
      {user.has_password && (
        <Field label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" isRequired />
      )}
      {challenge !== null && <CodeField sent={{ challenge, mobileNumber: user.mobile_number }} value={otp} onChange={setOtp} />}
    </Form>
  );
}
