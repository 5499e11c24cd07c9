import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { LIVE_EVENT_TYPES } from '../live-event.js';

/** The data of a live event. */
export class LiveEventResponse {
  @ApiProperty({ enum: LIVE_EVENT_TYPES, enumName: 'LiveEventType', example: 'message.accepted' })
  readonly type!: string;

  @ApiPropertyOptional({ format: 'uuid', example: '019aa8c5-6a3e-7c1f-9d2b-0f6e1a2b3c4d', description: 'The chatroom that changed.' })
  readonly chatroom_id?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    example: '019aa8c5-6a3e-7c1f-9d2b-0f6e1a2b3c4e',
    description:
      "The accepted message of the user, or the reply that has started, finished or is pending again after an administrator's retry.",
  })
  readonly message_id?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    example: '019aa8c5-6a3e-7c1f-9d2b-0f6e1a2b3c4f',
    description: 'With `message.accepted`: the reply to the message.',
  })
  readonly reply_id?: string;

  @ApiPropertyOptional({
    enum: ['completed', 'failed', 'blocked', 'cancelled'],
    example: 'completed',
    description: 'With `reply.finished`: the status of the reply.',
  })
  readonly status?: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z', description: 'When the change was published.' })
  readonly at!: string;
}
