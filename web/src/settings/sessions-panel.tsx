import { Button } from 'react-aria-components';
import { api, bodyOf } from '../api/client.ts';
import { LoadProblem } from '../ui/load-problem.tsx';
import { Loading } from '../ui/loading.tsx';
import { useLoaded } from '../ui/use-loaded.ts';
import { useTask } from '../ui/use-task.ts';

const timeOf = (time: string): string => new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const loadSessions = async () => (await bodyOf(api.GET('/auth/sessions', { params: { query: { limit: 100 } } }))).data;

/** Where the account is signed in. */
export function SessionsPanel() {
  const { data: sessions, error: loadError, reload } = useLoaded(loadSessions);
  const { run, error, isBusy } = useTask();
  if (sessions === null)
    return loadError === null ? <Loading label="Loading your sessions" /> : <LoadProblem error={loadError} reload={reload} />;
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
                  run(() =>
                    bodyOf(api.DELETE('/auth/sessions/{session_id}', { params: { path: { session_id: session.id } } })).then(reload),
                  );
                }}
              >
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
      <LoadProblem error={loadError} reload={reload} />
      <p className="problem" role="alert">
        {error?.message}
      </p>
      {sessions.length > 1 && (
        <Button
          className="button"
          isDisabled={isBusy}
          onPress={() => {
            run(() => bodyOf(api.DELETE('/auth/sessions')).then(reload));
          }}
        >
          Sign out everywhere else
        </Button>
      )}
    </>
  );
}
