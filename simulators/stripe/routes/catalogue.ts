import { z } from 'zod';
import { newCurrencyOption, newPrice, newProduct, newRecurrence } from '../objects/catalogue.js';
import { amount, currency, flag, given, mergeMetadata, metadata, positive, text, unsettable, webAddress } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import type { Price } from '../wire.js';
import type { World } from '../world.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const productFields = {
  active: flag.optional(),
  images: z.array(webAddress).max(8).optional(),
  tax_code: unsettable(text).optional(),
  description: unsettable(text).optional(),
  metadata: metadata.optional(),
  statement_descriptor: text.optional(),
  unit_label: text.optional(),
  url: unsettable(text).optional(),
};
const recurring = z.strictObject({
  interval: z.enum(['day', 'week', 'month', 'year']),
  interval_count: positive.optional(),
  usage_type: z.literal('licensed').optional(),
});
const taxBehavior = z.enum(['exclusive', 'inclusive', 'unspecified']);
const currencyOptions = z.record(z.string(), z.strictObject({ unit_amount: amount, tax_behavior: taxBehavior.optional() }));
const priceFields = {
  active: flag.optional(),
  lookup_key: unsettable(z.string().max(200)).optional(),
  metadata: metadata.optional(),
  nickname: unsettable(text).optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: flag.optional(),
};
const priceData = {
  currency,
  currency_options: currencyOptions.optional(),
  recurring: recurring.optional(),
  tax_behavior: taxBehavior.optional(),
  unit_amount: amount,
};
const priceCreate = z.strictObject({
  ...priceFields,
  ...priceData,
  product: text.optional(),
  product_data: z.strictObject({ name: text, active: flag.optional(), metadata: metadata.optional() }).optional(),
});
const productCreate = z.strictObject({
  ...productFields,
  default_price_data: z.strictObject({ ...priceData, metadata: metadata.optional() }).optional(),
  id: text.optional(),
  name: text,
});

type PriceData = Pick<z.output<typeof priceCreate>, 'currency' | 'currency_options' | 'recurring' | 'tax_behavior' | 'unit_amount'>;

/** What its own amount and period make of a price. */
function chargesOf({ currency: by, currency_options: others, recurring: recurrence, tax_behavior: tax, unit_amount: unit }: PriceData) {
  return {
    currency: by,
    unit_amount: unit,
    recurring: recurrence === undefined ? null : newRecurrence(recurrence.interval, recurrence.interval_count ?? 1),
    ...given({ tax_behavior: tax }),
    ...(others === undefined ? {} : { currency_options: optionsOf(by, unit, tax, others) }),
  };
}

function optionsOf(own: string, unit: number, tax: PriceData['tax_behavior'], others: NonNullable<PriceData['currency_options']>) {
  const all = [[own, { unit_amount: unit, tax_behavior: tax }] as const, ...Object.entries(others)];
  const options = all.map(([code, one]) => [code.toLowerCase(), newCurrencyOption(one.unit_amount, one.tax_behavior ?? 'unspecified')]);
  return Object.fromEntries(options) as NonNullable<Price['currency_options']>;
}

/** A lookup key leads to one price. A request may take it from the one that has it. */
function claimLookupKey(world: World, key: string | null | undefined, transfer: boolean | undefined): void {
  const holder = key == null ? undefined : world.store.find('prices', (price) => price.lookup_key === key);
  if (holder === undefined) return;
  if (transfer !== true) throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: 'lookup_key' });
  world.change('prices', holder, { lookup_key: null }, 'price.updated');
}

export const productRoutes: Route[] = [
  route('POST', '/v1/products', productCreate, (world, { metadata: pairs, default_price_data: priced, ...plain }) => {
    if (plain.id !== undefined && world.store.get('products', plain.id) !== undefined)
      throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
    const product = newProduct(world.now(), { ...given(plain), name: plain.name, metadata: mergeMetadata({}, pairs) });
    world.add('products', product, 'product.created');
    if (priced === undefined) return product;
    const price = newPrice(world.now(), {
      ...chargesOf(priced),
      metadata: mergeMetadata({}, priced.metadata),
      product: product.id,
    });
    world.add('prices', price, 'price.created');
    return world.change('products', product, { default_price: price.id });
  }),
  route(
    'GET',
    '/v1/products/:id',
    noParameters,
    (world, _parameters, id) => world.store.get('tombstones', id) ?? world.require('products', id),
  ),
  route(
    'POST',
    '/v1/products/:id',
    z.strictObject({ ...productFields, default_price: text.optional(), name: text.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const product = world.require('products', id);
      if (plain.default_price !== undefined) world.require('prices', plain.default_price, 'default_price');
      const patch = { ...given(plain), metadata: mergeMetadata(product.metadata, pairs), updated: world.now() };
      return world.change('products', product, patch, 'product.updated');
    },
  ),
  route('DELETE', '/v1/products/:id', noParameters, (world, _parameters, id) => {
    const product = world.require('products', id);
    if (world.store.all('prices').some((price) => price.product === id))
      throw invalidRequest('This product cannot be deleted because it has one or more user-created prices.', { param: 'id' });
    world.store.delete('products', id);
    world.emit('product.deleted', product);
    return world.add('tombstones', { id, object: 'product', deleted: true });
  }),
  lists(
    '/v1/products',
    'products',
    { active: flag.optional(), ids: z.array(text).optional() },
    (product, { active, ids }) => (active === undefined || product.active === active) && (ids === undefined || ids.includes(product.id)),
  ),
];

export const priceRoutes: Route[] = [
  route('POST', '/v1/prices', priceCreate, (world, { metadata: pairs, product, product_data: inline, ...plain }) => {
    if ((product === undefined) === (inline === undefined))
      throw invalidRequest('You must specify either `product` or `product_data`.', { code: 'parameter_missing', param: 'product' });
    claimLookupKey(world, plain.lookup_key, plain.transfer_lookup_key);
    const { metadata: productPairs, ...named } = inline ?? { name: '' };
    const made =
      inline === undefined
        ? world.require('products', product ?? '', 'product')
        : world.add(
            'products',
            newProduct(world.now(), { ...given(named), name: named.name, metadata: mergeMetadata({}, productPairs) }),
            'product.created',
          );
    const price = newPrice(world.now(), {
      ...given({ active: plain.active, lookup_key: plain.lookup_key, nickname: plain.nickname }),
      ...chargesOf(plain),
      metadata: mergeMetadata({}, pairs),
      product: made.id,
    });
    return world.add('prices', price, 'price.created');
  }),
  retrieves('/v1/prices', 'prices'),
  route(
    'POST',
    '/v1/prices/:id',
    z.strictObject(priceFields),
    (world, { metadata: pairs, transfer_lookup_key: transfer, ...plain }, id) => {
      const price = world.require('prices', id);
      if (price.lookup_key !== plain.lookup_key) claimLookupKey(world, plain.lookup_key, transfer);
      return world.change('prices', price, { ...given(plain), metadata: mergeMetadata(price.metadata, pairs) }, 'price.updated');
    },
  ),
  lists(
    '/v1/prices',
    'prices',
    {
      active: flag.optional(),
      currency: text.optional(),
      product: text.optional(),
      lookup_keys: z.array(text).max(10).optional(),
      recurring: z.strictObject({ interval: text.optional(), usage_type: text.optional() }).optional(),
      type: z.enum(['one_time', 'recurring']).optional(),
    },
    (price, { active, currency: by, product, lookup_keys: keys, recurring: recurs, type }) =>
      (active === undefined || price.active === active) &&
      (by === undefined || price.currency === by) &&
      (recurs?.interval === undefined || price.recurring?.interval === recurs.interval) &&
      (product === undefined || price.product === product) &&
      (type === undefined || price.type === type) &&
      (keys === undefined || keys.includes(price.lookup_key ?? '')),
  ),
];
