import type { z } from 'zod';
import type { World } from '../world.js';
import { listPage } from './listing.js';
import { paging } from '../parameters.js';
import type { Tables } from '../store.js';
import { z as zod } from 'zod';

/** One call of Stripe's API. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** with `:id` for the object's id */
  path: string;
  schema: z.ZodType;
  run: (world: World, parameters: never, id: string) => object;
}

export function route<S extends z.ZodType>(
  method: Route['method'],
  path: string,
  schema: S,
  run: (world: World, parameters: z.output<S>, id: string) => object,
): Route {
  return { method, path, schema, run };
}

export const noParameters = zod.strictObject({});

/** `GET path/:id` */
export function retrieves(path: string, table: keyof Tables): Route {
  return route('GET', `${path}/:id`, noParameters, (world, _parameters, id) => world.require(table, id));
}

/** `GET path`, newest first; `matches` is given the filters that the request names. */
export function lists<T extends keyof Tables, F extends z.core.$ZodLooseShape>(
  path: string,
  table: T,
  filters: F,
  matches: (row: Tables[T], parameters: z.output<z.ZodObject<F>>) => boolean,
): Route {
  const schema = zod.strictObject({ ...filters, ...paging });
  return route('GET', path, schema, (world, parameters) => {
    const wanted = parameters as unknown as z.output<z.ZodObject<F>>;
    requireCustomer(world, parameters);
    const rows = world.store.all(table).filter((row) => matches(row, wanted));
    return listPage(path, rows, parameters as never);
  });
}

/** Stripe answers an empty list for a customer that was deleted, and an error for one that never was. */
function requireCustomer(world: World, filters: object): void {
  const id: unknown = Reflect.get(filters, 'customer');
  if (typeof id === 'string' && world.store.get('tombstones', id) === undefined) world.require('customers', id, 'customer');
}
