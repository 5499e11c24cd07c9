import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsDate, IsInt, Max, Min, ValidateIf } from 'class-validator';
import { ValidationFailedError } from '../../../common/errors/common.errors.js';
import { isTimestamp, PageQuery, toPageRequest, type PageRequest } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import type { EntitlementFilter } from '../entitlements.repository.js';
import type { GrantInput } from '../entitlements.service.js';
import { IsFilterId, IsFilterName, IsFilterWord, toMoment } from './filter.fields.js';

const DEFAULT_DAYS = 30;
const MAX_DAYS = 3_650;
const DAY_MS = 86_400_000;
const STATUSES = [
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
] as const;
const REASON = { max: 500 };

export class ListSubscriptionsQuery extends PageQuery {
  @IsFilterWord(['stripe', 'grant'], 'Only subscriptions at Stripe, or only grants of administrators.')
  readonly kind?: 'stripe' | 'grant';

  @IsFilterWord(STATUSES, 'Stripe’s status; a grant is active, expired or revoked.')
  readonly status?: string;

  @IsFilterId('Only subscriptions and grants of this user.')
  readonly user_id?: string;

  @IsFilterName('Only subscriptions and grants of the user with this name.')
  readonly username?: string;
}

export class RevokeRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: REASON.max,
    example: 'Granted by mistake.',
    description: 'The audit log keeps it: write nothing personal.',
  })
  @IsText(REASON)
  readonly reason!: string;
}

export class GrantRequest extends RevokeRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_DAYS,
    example: 30,
    description: `Days after today, up to midnight UTC. Default: ${DEFAULT_DAYS}, unless \`until\` is given.`,
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsInt({ message: `days must be a whole number from 1 to ${MAX_DAYS}` })
  @Min(1, { message: `days must be a whole number from 1 to ${MAX_DAYS}` })
  @Max(MAX_DAYS, { message: `days must be a whole number from 1 to ${MAX_DAYS}` })
  readonly days?: number;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    example: '2027-01-01T00:00:00.000Z',
    description: 'The end, instead of `days`.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @Transform(toMoment)
  @IsDate({ message: 'until must be a time such as 2027-01-01T00:00:00.000Z, or a day' })
  readonly until?: Date;
}

export const toEntitlementFilter = ({ kind, status, user_id, username }: ListSubscriptionsQuery): EntitlementFilter => ({
  kind,
  status,
  userId: user_id,
  username,
});

/** Returns the same end for each repetition of a request on one day. @throws ValidationFailedError */
export function toGrantInput(userId: string, { days, until, reason }: GrantRequest, now = Date.now()): GrantInput {
  if (until === undefined) {
    return { userId, until: new Date((Math.floor(now / DAY_MS) + (days ?? DEFAULT_DAYS) + 1) * DAY_MS), reason };
  }
  if (days !== undefined) throw new ValidationFailedError([{ field: 'until', message: 'only one of days and until may be given' }]);
  if (until.getTime() <= now || until.getTime() > now + (MAX_DAYS + 1) * DAY_MS) {
    throw new ValidationFailedError([{ field: 'until', message: `until must be at most ${MAX_DAYS} days ahead` }]);
  }
  return { userId, until, reason };
}

/** @throws ValidationFailedError */
export const overduePage = (query: PageQuery): PageRequest => toPageRequest(query, [isTimestamp, isId]);

/** @throws ValidationFailedError */
export const entitlementPage = (query: ListSubscriptionsQuery): PageRequest => toPageRequest(query, [isTimestamp, isId]);
