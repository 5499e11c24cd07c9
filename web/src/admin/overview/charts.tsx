import type { Stats } from '../api.ts';
import { compact, money, usd } from '../format.ts';
import { DayChart } from '../ui/day-chart.tsx';

type Day = Stats['days'][number];

const OUTCOMES = [
  ['completed', 'accent'],
  ['cancelled', 'muted'],
  ['blocked', 'warn'],
  ['failed', 'bad'],
] as const;

/** What happened day by day. Days on which nothing happened are not in every series of the API. */
export function Charts({ stats }: { stats: Stats }) {
  const days = stats.active_users.map(({ day }) => day);
  const valuesOf = <Row extends { day: string }>(rows: readonly Row[], value: (row: Row) => number) => {
    const known = new Map(rows.map((row) => [row.day, value(row)]));
    return days.map((day) => known.get(day) ?? 0);
  };
  const ratingsOf = (value: (row: Stats['feedback'][number]) => number) =>
    days.map((day) => stats.feedback.reduce((sum, row) => sum + (row.day === day ? value(row) : 0), 0));
  const ofDays = (value: (day: Day) => number) => valuesOf(stats.days, value);
  return (
    <>
      <DayChart
        title="Replies per day"
        label="Replies per day by outcome"
        days={days}
        series={OUTCOMES.map(([name, tone]) => ({ name, tone, values: ofDays((row) => row[name]) }))}
        format={compact}
      />
      <DayChart
        title="Active users per day"
        label="Users per day with an accepted message"
        days={days}
        series={[{ name: 'users', tone: 'accent', values: valuesOf(stats.active_users, ({ users }) => users) }]}
        format={compact}
      />
      <DayChart
        title="Sign-ups per day"
        label="Sign-ups per day"
        days={days}
        series={[{ name: 'sign-ups', tone: 'accent', values: valuesOf(stats.sign_ups, ({ users }) => users) }]}
        format={compact}
      />
      <DayChart
        title="Tokens per day"
        label="Tokens of all calls per day"
        days={days}
        series={[{ name: 'tokens', tone: 'accent', values: ofDays(({ tokens }) => tokens) }]}
        format={compact}
      />
      <DayChart
        title="Model cost per day"
        label="Estimated cost of all calls per day"
        days={days}
        series={[{ name: 'cost', tone: 'accent', values: ofDays(({ cost_usd }) => cost_usd) }]}
        format={usd}
      />
      {stats.feedback.length > 0 && (
        <DayChart
          title="Ratings per day"
          label="Ratings of replies per day"
          days={days}
          series={[
            { name: 'up', tone: 'accent', values: ratingsOf(({ up }) => up) },
            { name: 'down', tone: 'bad', values: ratingsOf(({ down }) => down) },
          ]}
          format={compact}
        />
      )}
      {stats.revenue
        .filter(({ days: rows }) => rows.length > 0)
        .map(({ currency, days: rows }) => (
          <DayChart
            key={currency}
            title={`Revenue per day in ${currency.toUpperCase()}`}
            label={`Revenue and refunds per day in ${currency.toUpperCase()}`}
            days={days}
            series={[
              { name: 'paid', tone: 'accent', values: valuesOf(rows, ({ paid }) => paid) },
              { name: 'refunded', tone: 'bad', values: valuesOf(rows, ({ refunded }) => -refunded) },
            ]}
            format={(amount) => money({ amount, currency })}
          />
        ))}
    </>
  );
}
