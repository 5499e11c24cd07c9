import { get } from './api.js';
import { dayBars, shareBar } from './charts.js';
import { failure, h, show } from './dom.js';
import { badge, compact, count, milliseconds, money, usd } from './format.js';
import { linkTo } from './list-view.js';

const PARTS = [
  { name: 'completed', tone: 'a', of: ({ completed }) => completed },
  { name: 'cancelled', tone: 'c', of: ({ cancelled }) => cancelled },
  { name: 'blocked', tone: 'd', of: ({ blocked }) => blocked },
  { name: 'failed', tone: 'b', of: ({ failed }) => failed },
];

const tile = (name, value, more, href) =>
  h(
    'section',
    { class: 'tile' },
    h('h2', {}, href ? h('a', { href }, name) : name),
    h('p', { class: 'figure' }, value),
    h('p', { class: 'more' }, more),
  );

/** All days of the period, days without activity included. */
function everyDay({ active_users: calendar, days }) {
  const known = new Map(days.map((row) => [row.day, row]));
  return calendar.map(({ day }) => known.get(day) ?? { day, messages: 0, completed: 0, failed: 0, blocked: 0, cancelled: 0, cost_usd: 0 });
}

function rate({ replies }) {
  const finished = replies.completed + replies.failed;
  return finished === 0 ? '–' : `${((replies.completed / finished) * 100).toFixed(replies.failed > 0 ? 1 : 0)} %`;
}

const legend = () =>
  h(
    'ul',
    { class: 'legend' },
    PARTS.map(({ name, tone }) => h('li', {}, h('i', { class: `dot ${tone}` }), name)),
  );

const bars = (title, rows, empty) => {
  const whole = Math.max(0, ...rows.map(({ value }) => value));
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, title),
    rows.length === 0
      ? h('p', { class: 'empty' }, empty)
      : h(
          'ul',
          { class: 'bars' },
          rows.map(({ name, value, text, tone }) => h('li', {}, h('span', {}, name), h('b', {}, text), shareBar(value, whole, tone))),
        ),
  );
};

function latency(stats) {
  const rows = [['All models', stats.latency_ms], ...stats.models.map(({ model, latency_ms }) => [model, latency_ms])];
  const cells = ({ p50, p95, p99 }) => [p50, p95, p99].map((ms) => h('td', { class: 'number' }, milliseconds(ms)));
  return h(
    'section',
    { class: 'card wide' },
    h('h2', {}, 'Latency of replies'),
    h(
      'div',
      { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Latency of replies' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['', 'First token p50', 'p95', 'p99', 'Whole reply p50', 'p95', 'p99'].map((name, i) =>
              h('th', { scope: 'col', class: i > 0 ? 'number' : null }, name),
            ),
          ),
        ),
        h(
          'tbody',
          {},
          rows.map(([name, { first_token, total }]) => h('tr', {}, h('td', {}, name), cells(first_token), cells(total))),
        ),
      ),
    ),
  );
}

/** The statistics of the service. */
export function overview(main) {
  let isLeft = false;
  async function load() {
    const stats = await get('/admin/stats');
    if (isLeft) return;
    const days = everyDay(stats);
    const { users, replies, subscriptions, monthly_recurring_revenue: revenue } = stats;
    show(
      main,
      h('header', {}, h('h1', {}, 'Overview'), h('p', { class: 'more' }, 'The last 30 days, in UTC.')),
      h(
        'div',
        { class: 'tiles' },
        tile('Users', count(users.total), `${count(users.new)} new · ${count(users.pro)} on Pro`, linkTo('users')),
        tile(
          'Active today',
          count(stats.active_users.at(-1).users),
          `${count(users.verified)} verified · ${count(users.disabled)} disabled`,
        ),
        tile('Messages', compact(stats.messages), `${count(replies.completed)} answered`, linkTo('messages')),
        tile('Answered', rate(stats), `${count(replies.failed)} failed`, linkTo('messages', { status: 'failed' })),
        tile('Model cost', usd(stats.cost_usd), 'estimated'),
        tile('Monthly revenue', revenue ? money(revenue) : '–', `and ${count(subscriptions.grants)} granted`, linkTo('subscriptions')),
      ),
      h(
        'div',
        { class: 'cards two' },
        h('section', { class: 'card' }, h('h2', {}, 'Replies per day'), dayBars('Replies per day by outcome', days, PARTS), legend()),
        h(
          'section',
          { class: 'card' },
          h('h2', {}, 'Active users per day'),
          dayBars('Users per day with an accepted message', stats.active_users, [{ name: 'users', tone: 'a', of: (row) => row.users }]),
        ),
        bars(
          'Cost by model',
          stats.models.map((row) => ({
            name: row.model,
            value: row.cost_usd,
            text: `${usd(row.cost_usd)} · ${compact(row.input_tokens + row.output_tokens + row.reasoning_tokens)} tokens`,
          })),
          'No model was called.',
        ),
        bars(
          'Failures by code',
          stats.failures.map(({ code, count: value }) => ({ name: code, value, text: count(value), tone: 'b' })),
          'No reply has failed.',
        ),
        bars(
          'Subscriptions at Stripe',
          subscriptions.by_status.map(({ status, count: value }) => ({ name: badge(status), value, text: count(value) })),
          'No subscriptions yet.',
        ),
        latency(stats),
      ),
    );
  }
  const start = () => void load().catch((error) => isLeft || show(main, failure('Overview', error, start)));
  start();
  return () => {
    isLeft = true;
  };
}
