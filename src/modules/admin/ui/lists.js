import { post } from './api.js';
import { confirmed, notify } from './dialog.js';
import { h } from './dom.js';
import { badge, count, shortId, time } from './format.js';
import { linkTo, listView } from './list-view.js';

const any = ['', 'Any'];
const words = (...all) => [any, ...all.map((word) => [word, word])];
const yesNo = [any, ['true', 'Yes'], ['false', 'No']];

const user = (id, name) => h('a', { href: linkTo(`users/${id}`) }, name ?? shortId(id));
const room = (id) => h('a', { href: linkTo('messages', { chatroom_id: id }) }, shortId(id));

const toText = (field) => {
  if (Array.isArray(field)) return field.join(', ');
  return typeof field === 'string' ? field : JSON.stringify(field);
};

/** The state of a target, one line for each field. */
const state = (value) =>
  value === null
    ? '–'
    : h(
        'dl',
        { class: 'state' },
        Object.entries(value).map(([name, field]) => h('div', {}, h('dt', {}, name), h('dd', {}, toText(field)))),
      );

/** An event's payload, collapsed under the id of its object. */
const asWritten = (payload) =>
  payload === null
    ? '–'
    : h(
        'details',
        {},
        h('summary', {}, payload.data?.object?.id ?? 'Show'),
        h('pre', { class: 'content' }, JSON.stringify(payload, null, 2)),
      );

async function retry(message, reload) {
  const isDone = await confirmed(
    {
      title: 'Retry this reply?',
      text: 'A new attempt is made, at no charge to the user. Readers of the stream see the reply begin again.',
      action: 'Retry',
    },
    () => post(`/admin/messages/${message.id}/retry`),
  );
  if (isDone) {
    notify('The reply is being retried.');
    reload();
  }
}

async function retryAll(filters, reload) {
  let answer = null;
  const isDone = await confirmed(
    {
      title: 'Retry failed replies?',
      text: 'The oldest 100 failed replies that match the filters for user, chatroom and time are retried, at no charge.',
      action: 'Retry all',
    },
    async () => {
      const { user_id, chatroom_id, from, to } = filters;
      const filter = Object.fromEntries(Object.entries({ user_id, chatroom_id, from, to }).filter(([, value]) => value));
      answer = await post('/admin/messages/retry', filter);
    },
  );
  if (isDone) {
    notify(`${count(answer.message_ids.length)} replies are being retried${answer.has_more ? '; more have failed' : ''}.`);
    reload();
  }
}

async function replay(event, reload) {
  const isDone = await confirmed(
    { title: 'Replay this event?', text: 'The present state is read from Stripe and stored.', action: 'Replay' },
    () => post(`/admin/webhook-events/${encodeURIComponent(event.id)}/replay`),
  );
  if (isDone) {
    notify('The event is being processed again.');
    reload();
  }
}

export const users = listView({
  title: 'Users',
  path: 'users',
  source: '/admin/users',
  csv: '/admin/users/export',
  empty: 'The user was not found.',
  filters: [
    { name: 'q', label: 'Search', hint: 'Name, number, e-mail or id' },
    { name: 'role', label: 'Role', options: words('user', 'admin') },
    { name: 'plan', label: 'Plan', options: words('basic', 'pro') },
    { name: 'verified', label: 'Verified', options: yesNo },
    { name: 'disabled', label: 'Disabled', options: yesNo },
    {
      name: 'sort',
      label: 'Order',
      options: [
        ['', 'Newest first'],
        ['created_at', 'Oldest first'],
        ['username', 'By name'],
        ['-username', 'By name, from Z'],
      ],
    },
  ],
  columns: [
    { name: 'User', of: ({ id, username }) => user(id, username) },
    { name: 'Mobile number', of: ({ mobile_number, is_verified }) => [mobile_number, !is_verified && h('small', {}, ' not verified')] },
    { name: 'E-mail', isLong: true, of: ({ email }) => email ?? '–' },
    { name: 'Plan', of: ({ plan }) => badge(plan) },
    { name: 'Role', of: ({ role, disabled }) => [role === 'admin' ? badge('admin') : 'user', disabled && [' ', badge('disabled')]] },
    { name: 'Signed up', of: ({ created_at }) => time(created_at) },
  ],
});

const CONTENT = [
  ['', 'Hidden'],
  ['true', 'Shown (recorded in the audit log)'],
];

export const chatrooms = listView({
  title: 'Chatrooms',
  path: 'chatrooms',
  source: '/admin/chatrooms',
  empty: 'No chatrooms were found.',
  filters: [
    { name: 'user_id', label: 'User', hint: 'Id of a user' },
    { name: 'content', label: 'Names', options: CONTENT },
  ],
  columns: [
    { name: 'Chatroom', isLong: true, of: ({ id, name }) => [room(id), name && ` ${name}`] },
    { name: 'User', of: ({ user_id }) => user(user_id) },
    { name: 'Model', of: ({ model }) => h('span', { class: 'id' }, model ?? 'default') },
    { name: 'Messages', isNumber: true, of: ({ message_count }) => count(message_count) },
    { name: 'Last message', of: ({ last_message_at }) => time(last_message_at) },
    { name: 'Created', of: ({ created_at }) => time(created_at) },
  ],
});

export const messages = listView({
  title: 'Messages',
  path: 'messages',
  source: '/admin/messages',
  csv: '/admin/messages/export',
  empty: 'No messages were found.',
  detail: ({ content }) => content && h('p', { class: 'content' }, content),
  isUnsettled: ({ status }) => status === 'pending' || status === 'streaming',
  actions: (filters, reload) => h('button', { class: 'quiet', onclick: () => void retryAll(filters, reload) }, 'Retry failed…'),
  filters: [
    { name: 'status', label: 'Status', options: words('pending', 'streaming', 'completed', 'failed', 'blocked', 'cancelled') },
    { name: 'role', label: 'Role', options: words('user', 'model') },
    { name: 'user_id', label: 'User', hint: 'Id of a user' },
    { name: 'chatroom_id', label: 'Chatroom', hint: 'Id of a chatroom' },
    { name: 'from', label: 'From (UTC)', type: 'date' },
    { name: 'to', label: 'Before (UTC)', type: 'date' },
    { name: 'content', label: 'Content', options: CONTENT },
  ],
  columns: [
    { name: 'Message', of: ({ id }) => shortId(id) },
    { name: 'Role', of: ({ role }) => role },
    {
      name: 'Status',
      of: ({ status, error }) => [badge(status), error && [h('br'), h('small', { title: error.message }, error.code)]],
    },
    { name: 'User', of: ({ user_id }) => user(user_id) },
    { name: 'Chatroom', of: ({ chatroom_id }) => room(chatroom_id) },
    { name: 'Model', of: ({ model }) => h('span', { class: 'id' }, model ?? '–') },
    { name: 'Tokens', isNumber: true, of: ({ usage }) => (usage ? count(usage.total_tokens) : '–') },
    { name: 'Created', of: ({ created_at }) => time(created_at) },
    {
      name: '',
      of: (message, reload) => message.status === 'failed' && h('button', { onclick: () => void retry(message, reload) }, 'Retry'),
    },
  ],
});

export const subscriptions = listView({
  title: 'Subscriptions',
  path: 'subscriptions',
  source: '/admin/subscriptions',
  empty: 'No subscriptions were found.',
  filters: [
    { name: 'kind', label: 'Kind', options: [any, ['stripe', 'At Stripe'], ['grant', 'Granted']] },
    {
      name: 'status',
      label: 'Status',
      options: words(
        'trialing',
        'active',
        'past_due',
        'canceled',
        'incomplete',
        'incomplete_expired',
        'unpaid',
        'paused',
        'expired',
        'revoked',
      ),
    },
    { name: 'user_id', label: 'User', hint: 'Id of a user' },
  ],
  columns: [
    { name: 'User', of: ({ user_id, username }) => user(user_id, username) },
    { name: 'Kind', of: ({ kind }) => h('span', { class: 'id' }, kind === 'grant' ? 'Granted' : 'At Stripe') },
    { name: 'Status', of: ({ status }) => badge(status) },
    { name: 'Pro until', of: ({ active_until }) => time(active_until) },
    { name: 'Reason', isLong: true, of: ({ reason, stripe_subscription_id }) => reason ?? h('code', {}, stripe_subscription_id ?? '–') },
    { name: 'Since', of: ({ created_at }) => time(created_at) },
  ],
});

export const webhookEvents = listView({
  title: 'Webhook events',
  path: 'webhook-events',
  source: '/admin/webhook-events',
  empty: 'No events were found.',
  detail: ({ error }) => error && h('p', { class: 'problem' }, error),
  isUnsettled: ({ outcome, attempts }) => outcome === null && attempts === 0,
  filters: [{ name: 'pending', label: 'State', options: [any, ['true', 'Waiting'], ['false', 'Processed']] }],
  columns: [
    { name: 'Event', of: ({ id, type }) => [h('code', {}, id), h('br'), type] },
    { name: 'Payload', of: ({ payload }) => asWritten(payload) },
    { name: 'Outcome', of: ({ outcome }) => badge(outcome ?? 'pending') },
    { name: 'Failed attempts', isNumber: true, of: ({ attempts }) => count(attempts) },
    { name: 'Received', of: ({ received_at }) => time(received_at) },
    { name: '', of: (event, reload) => h('button', { onclick: () => void replay(event, reload) }, 'Replay') },
  ],
});

const target = ({ type, id }) => (id === null ? type : type === 'user' ? user(id) : [`${type} `, shortId(id)]);

export const auditLog = listView({
  title: 'Audit log',
  path: 'audit-log',
  source: '/admin/audit-log',
  csv: '/admin/audit-log/export',
  empty: 'No entries were found.',
  filters: [
    {
      name: 'action',
      label: 'Action',
      options: words(
        'user.update',
        'user.end_sessions',
        'subscription.grant',
        'subscription.extend',
        'subscription.revoke',
        'message.retry',
        'webhook_event.replay',
        'queue.pause',
        'queue.resume',
        'queue.retry',
        'messages.read',
        'chatrooms.read',
        'users.export',
        'messages.export',
        'audit_log.export',
      ),
    },
    { name: 'actor_id', label: 'Administrator', hint: 'Id of an administrator' },
    { name: 'target_id', label: 'Target', hint: 'Id of the target' },
    { name: 'from', label: 'From (UTC)', type: 'date' },
    { name: 'to', label: 'Before (UTC)', type: 'date' },
  ],
  columns: [
    { name: 'Time', of: ({ created_at }) => time(created_at) },
    { name: 'Administrator', of: ({ actor }) => user(actor.id, actor.username) },
    { name: 'Action', isLong: true, of: ({ action, reason }) => [h('strong', {}, action), reason && [h('br'), h('small', {}, reason)]] },
    { name: 'Target', of: (entry) => target(entry.target) },
    { name: 'Before', of: ({ before }) => state(before) },
    { name: 'After', of: ({ after }) => state(after) },
    { name: 'Address', of: ({ ip, device }) => h('span', { title: device ?? '' }, ip) },
  ],
});
