import { get, patch, post, remove } from './api.js';
import { confirmed, notify } from './dialog.js';
import { failure, h, show } from './dom.js';
import { badge, count, time } from './format.js';
import { linkTo } from './list-view.js';

const REASON = { name: 'reason', label: 'Reason', hint: 'The audit log keeps it: write nothing personal.' };

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** The changes that the account's present state allows. `grant` is its live grant, or null. */
function changesOf(account, grant) {
  const { id, username, role, is_verified: isVerified, disabled, sessions } = account;
  const at = `/admin/subscriptions/${id}`;
  return [
    grant
      ? {
          button: 'Extend grant',
          question: {
            title: `Extend the grant of ${username}?`,
            text: 'A grant is never shortened. A subscription at Stripe stays as it is.',
            action: 'Extend',
            fields: [{ name: 'until', label: 'Until', type: 'date', value: inDays(60), min: inDays(1) }, REASON],
          },
          act: (values) => post(`${at}/extend`, values),
          done: `The grant of ${username} was extended.`,
        }
      : {
          button: 'Grant Pro',
          question: {
            title: `Grant Pro to ${username}?`,
            text: 'The plan starts at once, without payment.',
            action: 'Grant',
            fields: [{ name: 'days', label: 'Days', type: 'number', value: '30', min: '1' }, REASON],
          },
          act: ({ days, reason }) => post(`${at}/grant`, { days: Number(days), reason }),
          done: `${username} has Pro.`,
        },
    grant && {
      button: 'Revoke grant',
      question: {
        title: `Revoke the grant of ${username}?`,
        text: 'The grant ends at once. A subscription at Stripe stays as it is.',
        action: 'Revoke',
        isDangerous: true,
        fields: [REASON],
      },
      act: (values) => post(`${at}/revoke`, values),
      done: `The grant of ${username} was revoked.`,
    },
    {
      button: role === 'admin' ? 'Remove administrator role' : 'Make administrator',
      isOff: role !== 'admin' && !isVerified,
      question: {
        title: role === 'admin' ? `Remove the administrator role from ${username}?` : `Make ${username} an administrator?`,
        text:
          role === 'admin'
            ? 'Every session of the account ends at once.'
            : 'Administrators can see and change every account. Every session of the account ends at once.',
        action: role === 'admin' ? 'Remove role' : 'Make administrator',
        isDangerous: role === 'admin',
      },
      act: () => patch(`/admin/users/${id}`, { role: role === 'admin' ? 'user' : 'admin' }),
      done: `The role of ${username} was changed.`,
    },
    {
      button: 'End sessions',
      isOff: sessions.length === 0,
      question: {
        title: `Sign ${username} out everywhere?`,
        text: 'Every session ends at once.',
        action: 'End sessions',
        isDangerous: true,
      },
      act: () => remove(`/admin/users/${id}/sessions`),
      done: `${username} was signed out everywhere.`,
    },
    {
      button: disabled ? 'Enable account' : 'Disable account',
      question: {
        title: disabled ? `Enable the account of ${username}?` : `Disable the account of ${username}?`,
        text: disabled
          ? 'The user can sign in again at once.'
          : 'The account is refused from now on, and every session ends at once. Nothing is deleted.',
        action: disabled ? 'Enable' : 'Disable',
        isDangerous: !disabled,
      },
      act: () => patch(`/admin/users/${id}`, { disabled: !disabled }),
      done: disabled ? `The account of ${username} was enabled.` : `The account of ${username} was disabled.`,
    },
  ].filter(Boolean);
}

const facts = (pairs) =>
  h(
    'dl',
    {},
    pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );

/** One user, with the changes that an administrator can make. */
export function account(main, _filters, id) {
  let isLeft = false;
  const start = () => void load().catch(fail);
  const fail = (error) => isLeft || show(main, failure('User', error, start));

  async function load() {
    const [found, grants] = await Promise.all([
      get(`/admin/users/${encodeURIComponent(id)}`),
      get(`/admin/subscriptions?${new URLSearchParams({ kind: 'grant', status: 'active', user_id: id })}`),
    ]);
    if (isLeft) return;
    const grant = grants.data[0] ?? null;
    const { usage, subscription } = found;
    const buttons = changesOf(found, grant).map(({ button, isOff, question, act, done }) =>
      h(
        'button',
        {
          class: question.isDangerous ? 'danger quiet' : 'quiet',
          disabled: isOff,
          onclick: async () => {
            if (!(await confirmed(question, act))) return;
            notify(done);
            await load().catch(fail);
            main.focus();
          },
        },
        button,
      ),
    );
    show(
      main,
      h('p', { class: 'trail' }, h('a', { href: linkTo('users') }, 'Users')),
      h(
        'header',
        {},
        h(
          'h1',
          {},
          found.username,
          ' ',
          badge(found.plan),
          ' ',
          found.role === 'admin' && badge('admin'),
          ' ',
          found.disabled && badge('disabled'),
        ),
      ),
      h('div', { class: 'actions wrap' }, buttons),
      h(
        'div',
        { class: 'cards' },
        h(
          'section',
          { class: 'card' },
          h('h2', {}, 'Account'),
          facts([
            ['Mobile number', [found.mobile_number, found.is_verified ? ' verified' : ' not verified']],
            ['E-mail', found.email ?? '–'],
            ['Password', found.has_password ? 'set' : 'none'],
            ['Signed up', time(found.created_at)],
            ['Disabled', time(found.disabled_at)],
            ['Id', h('code', {}, found.id)],
          ]),
        ),
        h(
          'section',
          { class: 'card' },
          h('h2', {}, 'Plan'),
          facts([
            ['Plan', badge(subscription.plan)],
            ['At Stripe', badge(subscription.status)],
            ['Granted until', time(grant?.active_until ?? null)],
            ['Pro until', time(subscription.active_until)],
            ['Ends with the period', subscription.cancel_at_period_end ? 'yes' : 'no'],
            ['Messages a day', subscription.daily_limit === null ? 'no limit' : count(subscription.daily_limit)],
          ]),
        ),
        h(
          'section',
          { class: 'card' },
          h('h2', {}, 'Usage'),
          facts([
            ['Messages today', count(usage.messages_today)],
            ['Messages in 30 days', count(usage.messages_30_days)],
            ['Unfinished replies', count(usage.unfinished_replies)],
            ['Chatrooms', h('a', { href: linkTo('chatrooms', { user_id: found.id }) }, count(found.chatroom_count))],
            ['Messages', h('a', { href: linkTo('messages', { user_id: found.id }) }, 'Show')],
            ['Actions of administrators', h('a', { href: linkTo('audit-log', { target_id: found.id }) }, 'Show')],
          ]),
        ),
      ),
      h('h2', {}, 'Sessions'),
      h(
        'div',
        { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Sessions' },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['Device', 'Address', 'Signed in', 'Last used'].map((name) => h('th', { scope: 'col' }, name)),
            ),
          ),
          h(
            'tbody',
            {},
            found.sessions.map((session) =>
              h(
                'tr',
                {},
                h('td', { class: 'long' }, session.device ?? '–'),
                h('td', {}, session.ip ?? '–'),
                h('td', {}, time(session.created_at)),
                h('td', {}, time(session.last_used_at)),
              ),
            ),
            found.sessions.length === 0 && h('tr', {}, h('td', { class: 'empty', colspan: 4 }, 'No live sessions.')),
          ),
        ),
      ),
    );
  }
  start();
  return () => {
    isLeft = true;
  };
}
