import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, ValidateIf } from 'class-validator';

export class RetryJobsRequest {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description: 'The failed job to retry; all failed jobs of the queue without it.',
    example: '019ab3f2-next-1',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @Length(1, 200)
  readonly job_id?: string;
}
