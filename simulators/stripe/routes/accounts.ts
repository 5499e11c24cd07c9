import { OWN_ACCOUNT } from '../accounts.js';
import { newId } from '../ids.js';
import { simulatedAccount } from '../objects/account.js';
import type { World } from '../world.js';
import { invalidRequest } from '../stripe-error.js';
import { noParameters, route, type Route } from './route.js';

/** The id of the key's account. Each state file has an account of its own, so that another one is another account. */
function accountId(world: World): string {
  if (world.account.id !== OWN_ACCOUNT) return world.account.id;
  const kept = world.store.get('settings', 'account');
  if (kept?.id === 'account') return kept.value;
  const value = newId('acct');
  world.add('settings', { id: 'account', value });
  return value;
}

export const accountRoutes: Route[] = [
  route('GET', '/v1/account', noParameters, (world) => simulatedAccount(accountId(world))),
  route('GET', '/v1/accounts/:id', noParameters, (world, _parameters, id) => {
    if (id === accountId(world)) return simulatedAccount(id);
    throw invalidRequest(
      `The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
      { code: 'account_invalid', status: 403 },
    );
  }),
];
