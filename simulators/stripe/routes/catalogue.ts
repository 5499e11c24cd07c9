import { z } from 'zod';
import { newPrice, newProduct, newRecurrence } from '../objects/catalogue.js';
import { flag, given, integer, mergeMetadata, metadata, text, unsettable } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const productFields = {
  active: flag.optional(),
  description: unsettable(text).optional(),
  metadata: metadata.optional(),
  statement_descriptor: text.optional(),
  unit_label: text.optional(),
  url: unsettable(text).optional(),
};
const recurring = z.strictObject({
  interval: z.enum(['day', 'week', 'month', 'year']),
  interval_count: integer.optional(),
  usage_type: z.literal('licensed').optional(),
});
const priceCreate = z.strictObject({
  active: flag.optional(),
  currency: z.string().regex(/^[a-zA-Z]{3}$/),
  lookup_key: text.optional(),
  metadata: metadata.optional(),
  nickname: text.optional(),
  product: text.optional(),
  product_data: z.strictObject({ name: text, metadata: metadata.optional() }).optional(),
  recurring: recurring.optional(),
  unit_amount: integer,
});

export const productRoutes: Route[] = [
  route(
    'POST',
    '/v1/products',
    z.strictObject({ ...productFields, id: text.optional(), name: text }),
    (world, { metadata: pairs, ...plain }) => {
      if (plain.id !== undefined && world.store.get('products', plain.id) !== undefined)
        throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
      const product = newProduct(world.now(), { ...given(plain), name: plain.name, metadata: mergeMetadata({}, pairs) });
      return world.add('products', product, 'product.created');
    },
  ),
  route(
    'GET',
    '/v1/products/:id',
    noParameters,
    (world, _parameters, id) => world.store.get('tombstones', id) ?? world.require('products', id),
  ),
  route(
    'POST',
    '/v1/products/:id',
    z.strictObject({ ...productFields, name: text.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const product = world.require('products', id);
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
    { active: flag.optional() },
    (product, { active }) => active === undefined || product.active === active,
  ),
];

export const priceRoutes: Route[] = [
  route('POST', '/v1/prices', priceCreate, (world, { metadata: pairs, product, product_data: inline, recurring: recurrence, ...plain }) => {
    if ((product === undefined) === (inline === undefined))
      throw invalidRequest('You must specify either `product` or `product_data`.', { code: 'parameter_missing', param: 'product' });
    const made =
      inline === undefined
        ? world.require('products', product ?? '', 'product')
        : world.add(
            'products',
            newProduct(world.now(), { name: inline.name, metadata: mergeMetadata({}, inline.metadata) }),
            'product.created',
          );
    const price = newPrice(world.now(), {
      ...given(plain),
      currency: plain.currency.toLowerCase(),
      unit_amount: plain.unit_amount,
      metadata: mergeMetadata({}, pairs),
      product: made.id,
      recurring: recurrence === undefined ? null : newRecurrence(recurrence.interval, recurrence.interval_count ?? 1),
    });
    return world.add('prices', price, 'price.created');
  }),
  retrieves('/v1/prices', 'prices'),
  route(
    'POST',
    '/v1/prices/:id',
    z.strictObject({
      active: flag.optional(),
      lookup_key: unsettable(text).optional(),
      metadata: metadata.optional(),
      nickname: unsettable(text).optional(),
    }),
    (world, { metadata: pairs, ...plain }, id) => {
      const price = world.require('prices', id);
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
      lookup_keys: z.array(text).optional(),
      type: text.optional(),
    },
    (price, { active, currency, product, lookup_keys: keys, type }) =>
      (active === undefined || price.active === active) &&
      (currency === undefined || price.currency === currency) &&
      (product === undefined || price.product === product) &&
      (type === undefined || price.type === type) &&
      (keys === undefined || keys.includes(price.lookup_key ?? '')),
  ),
];
