import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import type { AuditEntry } from '../audit-log.repository.js';
import { AUDIT_ACTIONS } from '../audit-log.service.js';

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

  @ApiProperty({ type: String, nullable: true, description: 'Of a user; null when the account is erased.', example: 'ada.lovelace' })
  readonly username!: string | null;
}

export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly id!: string;

  @ApiProperty({ type: AuditActorResponse, description: 'The administrator.' })
  readonly actor!: AuditActorResponse;

  @ApiProperty({ enum: Object.keys(AUDIT_ACTIONS), example: 'user.update' })
  readonly action!: string;

  @ApiProperty({ type: AuditTargetResponse, description: 'The target of the action.' })
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

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The request’s `X-Request-Id`.',
    example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a',
  })
  readonly request_id!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export class AuditEntryPage extends PageOf(AuditEntryResponse) {}

export const toAuditEntryPage = (rows: readonly AuditEntry[], { limit }: PageQuery): Page<AuditEntryResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ createdAt, id }) => [createdAt.toISOString(), id], toAuditEntryResponse);

const toAuditEntryResponse = (entry: AuditEntry): AuditEntryResponse => ({
  id: entry.id,
  actor: { id: entry.actorId, username: entry.actorUsername },
  action: entry.action,
  target: { type: entry.targetType, id: entry.targetId, username: entry.targetUsername },
  before: entry.before,
  after: entry.after,
  reason: entry.reason,
  ip: entry.ip,
  device: entry.device,
  request_id: entry.requestId,
  created_at: entry.createdAt.toISOString(),
});
