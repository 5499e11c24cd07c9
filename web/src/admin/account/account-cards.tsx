import type { AccountDetails, Entitlement } from '../api.ts';
import { count } from '../format.ts';
import { hrefOf } from '../route.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { Facts } from '../ui/facts.tsx';
import { Moment } from '../ui/moment.tsx';
import { ProUntil } from '../ui/pro-until.tsx';

interface AccountCardsProps {
  readonly account: AccountDetails;
  /** The live grant. */
  readonly grant: Entitlement | null;
}

/** What is known of one user. */
export const AccountCards = ({ account, grant }: AccountCardsProps) => (
  <div className="cards">
    <Card title="Account">
      <Facts
        of={[
          ['Mobile number', `${account.mobile_number} ${account.is_verified ? 'verified' : 'not verified'}`],
          ['E-mail', account.email ?? '–'],
          ['Password', account.has_password ? 'set' : 'none'],
          ['Signed up', <Moment at={account.created_at} />],
          ['Disabled', <Moment at={account.disabled_at} />],
          ['Id', <code>{account.id}</code>],
        ]}
      />
    </Card>
    <Card title="Plan">
      <Facts
        of={[
          ['Plan', <Badge word={account.subscription.plan} />],
          ['At Stripe', <Badge word={account.subscription.status} />],
          ['Granted until', <Moment at={grant?.active_until ?? null} />],
          ['Pro until', <ProUntil {...account.subscription} />],
          ['Messages a day', account.subscription.daily_limit === null ? 'no limit' : count(account.subscription.daily_limit)],
        ]}
      />
    </Card>
    <Card title="Usage">
      <Facts
        of={[
          ['Messages today', count(account.usage.messages_today)],
          ['Messages in 30 days', count(account.usage.messages_30_days)],
          ['Unfinished replies', count(account.usage.unfinished_replies)],
          ['Chatrooms', <a href={hrefOf('chatrooms', { user_id: account.id })}>{count(account.chatroom_count)}</a>],
          ['Messages', <a href={hrefOf('messages', { user_id: account.id })}>Show messages</a>],
          ['Actions of administrators', <a href={hrefOf('audit-log', { target_id: account.id })}>Show actions</a>],
        ]}
      />
    </Card>
  </div>
);
