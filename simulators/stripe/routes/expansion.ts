import { hiddenMemberOf, shown } from '../hidden.js';
import { invalidRequest } from '../stripe-error.js';
import type { Tables } from '../store.js';
import type { World } from '../world.js';

const DEEPEST = 4;

const TABLE_OF_PREFIX: Readonly<Record<string, keyof Tables>> = {
  cus: 'customers',
  prod: 'products',
  price: 'prices',
  pm: 'payment_methods',
  pi: 'payment_intents',
  ch: 'charges',
  sub: 'subscriptions',
  sub_sched: 'schedules',
  in: 'invoices',
  cs: 'checkout_sessions',
  bpc: 'portal_configurations',
};

/** Members that an object has only when a request asks for them. */
const INCLUDABLE: Readonly<Record<string, (world: World, id: string) => object | undefined>> = {
  'checkout.session line_items': (world, id) =>
    listOf(world.store.get('checkout_details', id)?.lines ?? [], `/v1/checkout/sessions/${id}/line_items`),
  'invoice payments': (world, id) =>
    listOf(
      world.store.all('invoice_payments').filter((payment) => payment.invoice === id),
      `/v1/invoices/${id}/payments`,
    ),
  'price currency_options': (world, id) => {
    const price = world.store.get('prices', id);
    if (price === undefined) return undefined;
    const { currency, tax_behavior, unit_amount, unit_amount_decimal } = price;
    return { [currency]: { custom_unit_amount: null, tax_behavior, unit_amount, unit_amount_decimal } };
  },
  'customer subscriptions': (world, id) =>
    listOf(
      world.store.all('subscriptions').filter((one) => one.customer === id && one.status !== 'canceled'),
      `/v1/customers/${id}/subscriptions`,
    ),
  'charge refunds': (world, id) =>
    listOf(
      world.store.all('refunds').filter((refund) => refund.charge === id),
      `/v1/charges/${id}/refunds`,
    ),
};

const listOf = (data: readonly object[], url: string): object => ({ object: 'list', data, has_more: false, url });

/**
 * A copy of `answer` in which the objects that `paths` name stand in the place of their ids.
 * @throws StripeError 400 for a path that leads to nothing that can be expanded, or leads too deep
 */
export function expand(world: World, answer: object, paths: readonly string[]): object {
  let expanded = answer;
  for (const path of paths) {
    const keys = path.split('.');
    const levels = keys[0] === 'data' ? keys.length - 1 : keys.length;
    if (levels > DEEPEST)
      throw invalidRequest(`You cannot expand more than ${DEEPEST} levels of a property. Property: ${path}`, { param: 'expand' });
    expanded = expandAt(world, expanded, keys, path);
  }
  return shown(
    expanded,
    paths.map((path) => path.slice(path.lastIndexOf('.') + 1)),
  );
}

function expandAt(world: World, holder: object, keys: readonly string[], path: string): object {
  const [key = '', ...rest] = keys;
  const stored: unknown = Reflect.get(holder, key);
  if (stored === null) return holder;
  const value = stored ?? included(world, holder, key);
  if (value === undefined || key === 'id' || key === 'metadata') throw cannotExpand(path);
  const opened = typeof value === 'string' ? objectOf(world, value, path) : value;
  if (typeof opened !== 'object') throw cannotExpand(path);
  if (rest.length === 0) {
    const hidden = hiddenMemberOf(holder) === key;
    if (opened === value && !hidden && !isIncluded(holder, key)) throw cannotExpand(path);
    return { ...holder, [key]: opened };
  }
  const next = Array.isArray(opened) ? opened.map((one: object) => expandAt(world, one, rest, path)) : expandAt(world, opened, rest, path);
  return { ...holder, [key]: next };
}

const includableKey = (holder: object, key: string): string => `${String(Reflect.get(holder, 'object'))} ${key}`;

const isIncluded = (holder: object, key: string): boolean => includableKey(holder, key) in INCLUDABLE;

function included(world: World, holder: object, key: string): object | undefined {
  return INCLUDABLE[includableKey(holder, key)]?.(world, String(Reflect.get(holder, 'id')));
}

function objectOf(world: World, id: string, path: string): object {
  const table = TABLE_OF_PREFIX[id.startsWith('sub_sched_') ? 'sub_sched' : id.slice(0, id.indexOf('_'))];
  const found = table === undefined ? undefined : (world.store.get(table, id) ?? world.store.get('tombstones', id));
  if (found === undefined) throw cannotExpand(path);
  return found;
}

const cannotExpand = (path: string): Error => invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
