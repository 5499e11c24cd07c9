import { ApiProperty } from '@nestjs/swagger';
import type { AttachmentSummary } from './attachment.js';
import { MEDIA_TYPES } from './media-type.js';

export class AttachmentResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7c04-7e51-9a60-0c5d3e2f1a4b' })
  readonly id!: string;

  @ApiProperty({ example: 'Garden in Kyoto.png' })
  readonly name!: string;

  @ApiProperty({ enum: MEDIA_TYPES, description: 'As the bytes say. Text of any kind is `text/plain`.', example: 'image/png' })
  readonly media_type!: string;

  @ApiProperty({ type: 'integer', description: 'In bytes.', example: 482_113 })
  readonly size!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export class AttachmentLinkResponse {
  @ApiProperty({
    format: 'uri',
    description: 'Opens this file for whoever has the address, without a token.',
    example: 'https://chat.example.com/file/019ab3f2-7c04-7e51-9a60-0c5d3e2f1a4b.mif2k3x0.0Zs6',
  })
  readonly url!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:20:03.120Z' })
  readonly expires_at!: string;
}

export const toAttachmentResponse = ({ id, name, mediaType, size, createdAt }: AttachmentSummary): AttachmentResponse => ({
  id,
  name,
  media_type: mediaType,
  size,
  created_at: new Date(createdAt).toISOString(),
});
