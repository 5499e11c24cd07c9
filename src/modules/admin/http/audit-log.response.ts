import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { decodeCursor, DEFAULT_PAGE_SIZE, isTimestamp, type Page, PageOf, PageQuery, toPage } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { AUDIT_ACTIONS, type AuditEntry, type AuditFilter } from '../audit-log.js';
import type { PageWish } from '../list-query.js';
import { IsFilterId, IsFilterWord, IsMoment } from './filter.fields.js';

export class AuditFilterQuery {
  @IsFilterId('What this administrator did.')
  readonly actor_id?: string;

  @IsFilterWord(Object.keys(AUDIT_ACTIONS))
  readonly action?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description: 'What was done to this: the id of a user, message or event, or a queue’s name.',
  })
  @IsOptional()
  @IsText({ max: 200 })
  readonly target_id?: string;

  @IsMoment('Done then or later.')
  readonly from?: Date;

  @IsMoment('Done before.')
  readonly to?: Date;
}

export class ListAuditLogQuery extends IntersectionType(PageQuery, AuditFilterQuery) {}

class AuditActorResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null when the account is erased.', example: 'grace' })
  readonly username!: string | null;
}

class AuditTargetResponse {
  @ApiProperty({ enum: [...new Set(Object.values(AUDIT_ACTIONS))], example: 'user' })
  readonly type!: string;

  @ApiProperty({ type: String, nullable: true, example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string | null;
}

export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly id!: string;

  @ApiProperty({ type: AuditActorResponse, description: 'Who did it.' })
  readonly actor!: AuditActorResponse;

  @ApiProperty({ enum: Object.keys(AUDIT_ACTIONS), example: 'user.update' })
  readonly action!: string;

  @ApiProperty({ type: AuditTargetResponse, description: 'To what.' })
  readonly target!: AuditTargetResponse;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { role: 'user', disabled: false } })
  readonly before!: object | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { role: 'user', disabled: true } })
  readonly after!: object | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly reason!: string | null;

  @ApiProperty({ description: 'The administrator’s address.', example: '203.0.113.7' })
  readonly ip!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/145.0' })
  readonly device!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'As in `X-Request-Id`.', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly request_id!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export class AuditEntryPage extends PageOf(AuditEntryResponse) {}

export const toAuditFilter = ({ actor_id, action, target_id, from, to }: AuditFilterQuery): AuditFilter => ({
  actorId: actor_id,
  action,
  targetId: target_id,
  from,
  to,
});

/** @throws ValidationFailedError */
export const auditPage = ({ cursor, limit }: PageQuery): PageWish => ({
  after: decodeCursor(cursor, [isTimestamp, isId]),
  count: (limit ?? DEFAULT_PAGE_SIZE) + 1,
});

export const toAuditEntryPage = (rows: readonly AuditEntry[], { limit }: PageQuery): Page<AuditEntryResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ created_at, id }) => [created_at.toISOString(), id], toAuditEntryResponse);

const toAuditEntryResponse = (entry: AuditEntry): AuditEntryResponse => ({
  id: entry.id,
  actor: { id: entry.actor_id, username: entry.actor_username },
  action: entry.action,
  target: { type: entry.target_type, id: entry.target_id },
  before: entry.before,
  after: entry.after,
  reason: entry.reason,
  ip: entry.ip,
  device: entry.device,
  request_id: entry.request_id,
  created_at: entry.created_at.toISOString(),
});
