import type { z } from 'zod';
import type { createdFilter } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import type { WireList } from '../wire.js';

export interface Paging {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: z.output<typeof createdFilter> | undefined;
}

interface Listed {
  id: string;
  created?: number;
}

/**
 * A page of Stripe's lists: newest first, by the id of the object before it or behind it.
 * @param rows in the order in which they were made
 */
export function listPage<T extends object & { id: string }>(url: string, rows: readonly T[], paging: Paging): WireList<T> {
  const { limit = 10, starting_after: after, ending_before: before, created } = paging;
  if (limit < 1 || limit > 100) {
    const bound = limit < 1 ? 'greater than or equal to 1' : 'less than or equal to 100';
    throw invalidRequest(`This value must be ${bound} (it currently is '${limit}').`, {
      code: 'parameter_invalid_integer',
      param: 'limit',
    });
  }
  if (after !== undefined && before !== undefined)
    throw invalidRequest('You cannot parameterize both starting_after and ending_before.', { param: 'starting_after' });
  const sorted = rows.filter((row) => isWithin((row as Listed).created, created)).reverse();
  if (before !== undefined) {
    const end = indexOf(sorted, before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: sorted.slice(start, end), has_more: start > 0, url };
  }
  const start = after === undefined ? 0 : indexOf(sorted, after, 'starting_after') + 1;
  return { object: 'list', data: sorted.slice(start, start + limit), has_more: sorted.length > start + limit, url };
}

function indexOf(rows: readonly Listed[], id: string, param: string): number {
  const index = rows.findIndex((row) => row.id === id);
  if (index === -1) throw invalidRequest(`No such object: '${id}'`, { code: 'resource_missing', param });
  return index;
}

function isWithin(time: number | undefined, filter: Paging['created']): boolean {
  if (filter === undefined || time === undefined) return true;
  if (typeof filter === 'number') return time === filter;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = filter;
  return time > gt && time >= gte && time < lt && time <= lte;
}
