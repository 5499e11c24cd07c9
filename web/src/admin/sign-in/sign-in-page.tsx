import { useState } from 'react';
import type { AskedCode } from './asked-code.ts';
import { CodeForm } from './code-form.tsx';
import { PasswordForm } from './password-form.tsx';

/** A password, and a code where the service requires one. */
export function SignInPage({ notice }: { notice: string }) {
  const [asked, setAsked] = useState<AskedCode | null>(null);
  return (
    <main className="sign-in">
      <div className="card">
        <h1>{asked === null ? 'Administration' : 'Enter the code'}</h1>
        {notice !== '' && asked === null && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        {asked === null ? (
          <PasswordForm onCodeAsked={setAsked} />
        ) : (
          <CodeForm
            asked={asked}
            onRestart={() => {
              setAsked(null);
            }}
          />
        )}
      </div>
    </main>
  );
}
