import type { Stats, UserCost } from '../api.ts';
import { compact, count, usd } from '../format.ts';
import { Badge } from '../ui/badge.tsx';
import { ShareList } from '../ui/share-list.tsx';
import { UserLink } from '../ui/user-link.tsx';

interface SharesProps {
  readonly stats: Stats;
  readonly users: readonly UserCost[];
}

/** What the whole of the period consists of. */
export const Shares = ({ stats, users }: SharesProps) => (
  <>
    <ShareList
      title="Cost by model"
      shares={stats.models.map((row) => ({
        key: row.model,
        name: row.model,
        value: row.cost_usd,
        text: `${usd(row.cost_usd)} · ${compact(row.input_tokens + row.output_tokens + row.reasoning_tokens)} tokens`,
      }))}
      empty="No model was called."
    />
    <ShareList
      title="Users who cost the most"
      shares={users.map(({ user_id, username, cost_usd, messages }) => ({
        key: user_id,
        name: <UserLink id={user_id} username={username} />,
        value: cost_usd,
        text: `${usd(cost_usd)} · ${compact(messages)} messages`,
      }))}
      empty="Nobody had an answer."
    />
    <ShareList
      title="Failures by code"
      shares={stats.failures.map(({ code, count: value }) => ({ key: code, name: code, value, text: count(value) }))}
      empty="No reply has failed."
      tone="bad"
    />
    <ShareList
      title="Subscriptions at Stripe now"
      shares={stats.subscriptions.by_status.map(({ status, count: value }) => ({
        key: status,
        name: <Badge word={status} />,
        value,
        text: count(value),
      }))}
      empty="No subscriptions yet."
    />
  </>
);
