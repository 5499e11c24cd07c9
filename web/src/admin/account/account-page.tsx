import { api, bodyOf } from '../api.ts';
import { hrefOf } from '../route.ts';
import { Badge } from '../ui/badge.tsx';
import { ChangeButton } from '../ui/change-button.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Unloaded } from '../ui/unloaded.tsx';
import { useLoaded } from '../../ui/use-loaded.ts';
import { AccountCards } from './account-cards.tsx';
import { changesOf } from './changes.ts';
import { SessionsTable } from './sessions-table.tsx';

async function load(id: string) {
  const [account, grants] = await Promise.all([
    bodyOf(api.GET('/admin/users/{user_id}', { params: { path: { user_id: id } } })),
    bodyOf(api.GET('/admin/subscriptions', { params: { query: { kind: 'grant', status: 'active', user_id: id } } })),
  ]);
  return { account, grant: grants.data[0] ?? null };
}

/** One user, with the changes that an administrator can make. */
export function AccountPage({ id }: { id: string }) {
  const { data, error, reload } = useLoaded(load, id);
  if (data === null) return <Unloaded title="User" error={error} reload={reload} />;
  const { account, grant } = data;
  return (
    <>
      <p className="trail">
        <a href={hrefOf('users')}>Users</a>
      </p>
      <PageHead
        title={
          <>
            {account.username} <Badge word={account.plan} /> {account.role === 'admin' && <Badge word="admin" />}{' '}
            {account.disabled && <Badge word="disabled" />}
          </>
        }
      />
      <div className="actions changes">
        {changesOf(account, grant).map((change) => (
          <ChangeButton key={change.button} change={change} onDone={reload} />
        ))}
      </div>
      <p className="problem" role="alert">
        {error?.message}
      </p>
      <AccountCards account={account} grant={grant} />
      <h2>Sessions</h2>
      <SessionsTable sessions={account.sessions} />
    </>
  );
}
