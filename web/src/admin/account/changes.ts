import { type AccountDetails, api, bodyOf, type Entitlement } from '../api.ts';
import { syncOf } from './sync.ts';
import type { Change } from '../ui/change-button.tsx';

const REASON = { name: 'reason', label: 'Reason', hint: 'The audit log keeps it: write nothing personal.' };
const DAY_MS = 86_400_000;

const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

/** The changes that the account's present state allows. `grant` is its live grant, or null. */
export function changesOf(account: AccountDetails, grant: Entitlement | null): Change[] {
  return [
    ...changesOfGrant(account, grant),
    syncOf(account.id, account.username),
    changeOfRole(account),
    endOfSessions(account),
    changeOfAccess(account),
  ];
}

function changesOfGrant({ id, username }: AccountDetails, grant: Entitlement | null): Change[] {
  const params = { path: { user_id: id } };
  if (grant === null) {
    return [
      {
        button: 'Grant Pro',
        title: `Grant Pro to ${username}?`,
        text: 'The plan starts at once, without payment.',
        action: 'Grant',
        fields: [{ name: 'days', label: 'Days', type: 'number', value: '30' }, REASON],
        act: async ({ days, reason = '' }) => {
          await bodyOf(api.POST('/admin/subscriptions/{user_id}/grant', { params, body: { days: Number(days), reason } }));
          return `${username} has Pro.`;
        },
      },
    ];
  }
  return [
    {
      button: 'Extend grant',
      title: `Extend the grant of ${username}?`,
      text: 'A grant is never shortened. A subscription at Stripe stays as it is.',
      action: 'Extend',
      fields: [{ name: 'until', label: 'Until', type: 'date', value: inDays(60) }, REASON],
      act: async ({ until = '', reason = '' }) => {
        await bodyOf(api.POST('/admin/subscriptions/{user_id}/extend', { params, body: { until, reason } }));
        return `The grant of ${username} was extended.`;
      },
    },
    {
      button: 'Revoke grant',
      title: `Revoke the grant of ${username}?`,
      text: 'The grant ends at once. A subscription at Stripe stays as it is.',
      action: 'Revoke',
      isDangerous: true,
      fields: [REASON],
      act: async ({ reason = '' }) => {
        await bodyOf(api.POST('/admin/subscriptions/{user_id}/revoke', { params, body: { reason } }));
        return `The grant of ${username} was revoked.`;
      },
    },
  ];
}

function changeOfRole({ id, username, role, is_verified: isVerified }: AccountDetails): Change {
  const isAdmin = role === 'admin';
  return {
    button: isAdmin ? 'Remove administrator role' : 'Make administrator',
    isDisabled: !isAdmin && !isVerified,
    title: isAdmin ? `Remove the administrator role from ${username}?` : `Make ${username} an administrator?`,
    text: isAdmin
      ? 'Every session of the account ends at once.'
      : 'Administrators can see and change every account. Every session of the account ends at once.',
    action: isAdmin ? 'Remove role' : 'Make administrator',
    isDangerous: isAdmin,
    act: async () => {
      await bodyOf(api.PATCH('/admin/users/{user_id}', { params: { path: { user_id: id } }, body: { role: isAdmin ? 'user' : 'admin' } }));
      return `The role of ${username} was changed.`;
    },
  };
}

const endOfSessions = ({ id, username, sessions }: AccountDetails): Change => ({
  button: 'End sessions',
  isDisabled: sessions.length === 0,
  title: `Sign ${username} out everywhere?`,
  text: 'Every session ends at once.',
  action: 'End sessions',
  isDangerous: true,
  act: async () => {
    await bodyOf(api.DELETE('/admin/users/{user_id}/sessions', { params: { path: { user_id: id } } }));
    return `${username} was signed out everywhere.`;
  },
});

const changeOfAccess = ({ id, username, disabled }: AccountDetails): Change => ({
  button: disabled ? 'Enable account' : 'Disable account',
  title: disabled ? `Enable the account of ${username}?` : `Disable the account of ${username}?`,
  text: disabled
    ? 'The user can sign in again at once.'
    : 'The account is refused from now on, and every session ends at once. Nothing is deleted.',
  action: disabled ? 'Enable' : 'Disable',
  isDangerous: !disabled,
  act: async () => {
    await bodyOf(api.PATCH('/admin/users/{user_id}', { params: { path: { user_id: id } }, body: { disabled: !disabled } }));
    return disabled ? `The account of ${username} was enabled.` : `The account of ${username} was disabled.`;
  },
});
