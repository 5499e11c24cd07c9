import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import { api, bodyOf, type Session } from '../api/client.ts';
import { Loading } from '../ui/loading.tsx';
import { useTask } from '../ui/use-task.ts';

const timeOf = (time: string): string => new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Where the account is signed in. */
export function SessionsPanel() {
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const { run, error, isBusy } = useTask();
  const load = useCallback(async () => {
    setSessions((await bodyOf(api.GET('/auth/sessions', { params: { query: { limit: 100 } } }))).data);
  }, []);
  useEffect(() => {
    load().catch(() => {
      setSessions([]);
    });
  }, [load]);
  if (sessions === null) return <Loading label="Loading your sessions" />;
  return (
    <>
      <ul className="sessions">
        {sessions.map((session) => (
          <li key={session.id}>
            <div>
              <p>{session.device ?? 'Unknown device'}</p>
              <p className="soft">
                {session.current ? 'This session' : `Last used ${timeOf(session.last_used_at)}`}
                {session.ip !== null && ` · ${session.ip}`}
              </p>
            </div>
            {!session.current && (
              <Button
                className="button small"
                isDisabled={isBusy}
                onPress={() => {
                  run(() => bodyOf(api.DELETE('/auth/sessions/{session_id}', { params: { path: { session_id: session.id } } })).then(load));
                }}
              >
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
      <p className="problem" role="alert">
        {error?.message}
      </p>
      {sessions.length > 1 && (
        <Button
          className="button"
          isDisabled={isBusy}
          onPress={() => {
            run(() => bodyOf(api.DELETE('/auth/sessions')).then(load));
          }}
        >
          Sign out everywhere else
        </Button>
      )}
    </>
  );
}
