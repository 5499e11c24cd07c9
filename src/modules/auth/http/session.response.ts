import { ApiProperty } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import type { ListedSession } from '../sessions.repository.js';

export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-9b3c-7a54-8f10-6d2e1c0b9a87' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/145.0' })
  readonly device!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7', description: 'The address of the last refresh.' })
  readonly ip!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T21:00:41.005Z', description: 'When its tokens were last refreshed.' })
  readonly last_used_at!: string;

  @ApiProperty({ description: 'Whether this request belongs to the session.', example: true })
  readonly current!: boolean;
}

export class SessionPage extends PageOf(SessionResponse) {}

const toSessionResponse = ({ id, device, ip, createdAt, lastUsedAt }: ListedSession, actor: Actor): SessionResponse => ({
  id,
  device,
  ip,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt.toISOString(),
  current: id === actor.sessionId,
});

export const toSessionPage = (
  rows: readonly ListedSession[],
  { limit = DEFAULT_PAGE_SIZE }: PageQuery,
  actor: Actor,
): Page<SessionResponse> =>
  toPage(
    rows,
    limit,
    ({ createdAt, id }) => [createdAt.toISOString(), id],
    (row) => toSessionResponse(row, actor),
  );
