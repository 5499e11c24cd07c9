import type { Stats } from '../api.ts';
import { compact, count, money, usd } from '../format.ts';
import { hrefOf } from '../route.ts';
import { Tile } from '../ui/tile.tsx';
import type { Compared } from './period.ts';

function answeredShare({ replies: { completed, failed } }: Stats): string {
  const finished = completed + failed;
  return finished === 0 ? '–' : `${((completed / finished) * 100).toFixed(failed > 0 ? 1 : 0)} %`;
}

const tokensOf = ({ days }: Stats): number => days.reduce((sum, { tokens }) => sum + tokens, 0);

function revenueOf({ revenue }: Stats): string {
  const moved = revenue.filter(({ days }) => days.length > 0);
  if (moved.length === 0) return '–';
  return moved.map(({ net, currency }) => money({ amount: net, currency })).join(' + ');
}

/** The monthly revenue of now in all currencies; empty for none. */
function recurringOf({ revenue }: Stats): string {
  const some = revenue.filter(({ monthly_recurring: amount }) => amount > 0);
  return some.map(({ monthly_recurring: amount, currency }) => money({ amount, currency })).join(' + ');
}

const percent = new Intl.NumberFormat(undefined, { style: 'percent', signDisplay: 'exceptZero', maximumFractionDigits: 0 });

/** A figure of the period before, and by how much it has changed. */
function comparison(format: (value: number) => string, now: number, before: number): string {
  return `${format(before)} before${before === 0 ? '' : ` (${percent.format((now - before) / before)})`}`;
}

/** The figures that matter most, each beside that of the period before. */
export const Tiles = ({ stats, before }: Compared) => {
  const { users, replies, subscriptions } = stats;
  const recurring = recurringOf(stats);
  return (
    <div className="tiles">
      <Tile
        name="Users"
        value={count(users.total)}
        more={`${count(users.verified)} verified · ${count(users.pro)} on Pro · ${count(users.disabled)} disabled`}
        href={hrefOf('users')}
      />
      <Tile name="Sign-ups" value={count(users.new)} more={comparison(count, users.new, before.users.new)} />
      <Tile
        name="Active today"
        value={count(stats.active_users.at(-1)?.users ?? 0)}
        more={`${count(before.active_users.at(-1)?.users ?? 0)} on the last day before`}
      />
      <Tile
        name="Messages"
        value={compact(stats.messages)}
        more={comparison(compact, stats.messages, before.messages)}
        href={hrefOf('messages')}
      />
      <Tile
        name="Answered"
        value={answeredShare(stats)}
        more={`${count(replies.failed)} failed · ${answeredShare(before)} before`}
        href={hrefOf('messages', { status: 'failed' })}
      />
      <Tile name="Tokens" value={compact(tokensOf(stats))} more={comparison(compact, tokensOf(stats), tokensOf(before))} />
      <Tile name="Model cost" value={usd(stats.cost_usd)} more={`estimated · ${comparison(usd, stats.cost_usd, before.cost_usd)}`} />
      <Tile
        name="Revenue"
        value={revenueOf(stats)}
        more={[
          `${revenueOf(before)} before`,
          ...(recurring === '' ? [] : [`${recurring} a month recurring`]),
          `${count(subscriptions.grants)} granted`,
        ].join(' · ')}
        href={hrefOf('subscriptions')}
      />
    </div>
  );
};
