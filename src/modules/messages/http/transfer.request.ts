import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import type { ExportFormat } from '../transfer/transfer.service.js';

export class ExportChatroomQuery {
  @ApiPropertyOptional({ enum: ['json', 'markdown'], default: 'json' })
  @IsOptional()
  @IsIn(['json', 'markdown'])
  readonly format?: ExportFormat;
}

export class CopyChatroomRequest {
  @ApiProperty({ format: 'uuid', description: 'The last message of the copy.', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  @IsString()
  readonly message_id!: string;
}
