import { decodeCursor, toPage } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import type { Message } from '../message.js';
import type { PageStart } from '../messages.service.js';
import { type MessagePage, toMessageResponse } from './message.response.js';

const isPosition = (part: string): boolean => /^[1-9]\d{0,9}$/.test(part) && Number(part) <= 2_147_483_647;

/** Where a page of messages begins. @throws ValidationFailedError for a cursor of another list */
export function startOf(branch: 'active' | 'all', cursor: string | undefined): PageStart {
  if (branch === 'active') return { branchFrom: decodeCursor(cursor, [isId])?.[0] ?? null };
  const [position] = decodeCursor(cursor, [isPosition]) ?? [];
  return { allBelow: position === undefined ? null : Number(position) };
}

/** A page of the active branch goes on at the parent of its last message, wherever the branch ends by then. */
export const toBranchPage = (rows: readonly Message[], limit: number): MessagePage =>
  toPage(rows, limit, ({ parentId }) => [parentId ?? ''], toMessageResponse);

export const toAllPage = (rows: readonly Message[], limit: number): MessagePage =>
  toPage(rows, limit, ({ position }) => [String(position)], toMessageResponse);
