import { ApiProperty } from '@nestjs/swagger';
import { type Page, PageOf } from '../../../common/http/page.js';
import type { DescribedQueue } from '../admin-queues.service.js';

class QueueCountsResponse {
  @ApiProperty({ type: 'integer', example: 3 })
  readonly waiting!: number;

  @ApiProperty({ type: 'integer', example: 12 })
  readonly active!: number;

  @ApiProperty({ type: 'integer', description: 'Jobs that start later.', example: 0 })
  readonly delayed!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly failed!: number;
}

class FailedJobResponse {
  @ApiProperty({ example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a-next-1' })
  readonly id!: string;

  @ApiProperty({ example: 'reply' })
  readonly name!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Ids only.',
    example: { reply_id: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' },
  })
  readonly data!: object;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly attempts!: number;

  @ApiProperty({ example: 'The server is silent' })
  readonly error!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:09.500Z' })
  readonly failed_at!: string | null;
}

export class QueueResponse {
  @ApiProperty({ example: 'replies' })
  readonly name!: string;

  @ApiProperty({ example: false })
  readonly paused!: boolean;

  @ApiProperty({ type: QueueCountsResponse })
  readonly counts!: QueueCountsResponse;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the oldest waiting job was added.',
    example: null,
  })
  readonly oldest_waiting_at!: string | null;

  @ApiProperty({ type: [FailedJobResponse], description: 'The newest failed jobs, at most 20.' })
  readonly failed_jobs!: FailedJobResponse[];
}

export class QueuePage extends PageOf(QueueResponse) {}

export const toQueueResponse = (queue: DescribedQueue): QueueResponse => ({
  name: queue.name,
  paused: queue.isPaused,
  counts: queue.counts,
  oldest_waiting_at: queue.oldestWaitingAt?.toISOString() ?? null,
  failed_jobs: queue.failedJobs.map(({ id, name, data, attempts, error, createdAt, failedAt }) => ({
    id,
    name,
    data,
    attempts,
    error,
    created_at: createdAt.toISOString(),
    failed_at: failedAt?.toISOString() ?? null,
  })),
});

export const toQueuePage = (queues: readonly DescribedQueue[]): Page<QueueResponse> => ({
  data: queues.map(toQueueResponse),
  next_cursor: null,
});
