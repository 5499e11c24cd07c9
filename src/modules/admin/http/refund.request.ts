import { isId } from '../../../common/ids.js';
import { isTimestamp, PageQuery, toPageRequest } from '../../../common/http/page.js';
import type { RefundListOptions, RefundStatus } from '../../billing/index.js';
import { IsFilterWord } from './filter.fields.js';

export class ListRefundsQuery extends PageQuery {
  @IsFilterWord(['owed', 'pending', 'refunded', 'not_needed'], 'Only refunds of this status.')
  readonly status?: RefundStatus;
}

/** @throws ValidationFailedError */
export function toRefundListOptions({ status, ...page }: ListRefundsQuery): RefundListOptions {
  const { after, count } = toPageRequest(page, [isTimestamp, isId]);
  const [at, id] = after ?? [];
  return { after: at !== undefined && id !== undefined ? { at, id } : null, status: status ?? null, count };
}
