import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { decodeCursor, isPosition, PageQuery } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import type { PageStart } from '../messages.service.js';

const CONTENT = { max: 32_000, multiline: true };

export class EditMessageRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: CONTENT.max,
    description:
      'Counted in code points, without trailing blanks and empty first lines, which are dropped; the indentation of the first line stays. ' +
      'Some of it must be visible.',
    example: 'What should I see in Kyoto in two days?',
  })
  @IsText(CONTENT)
  readonly content!: string;
}

export class SendMessageRequest extends EditMessageRequest {
  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: "The reply that the message follows; without it the active branch's leaf.",
    example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a',
  })
  @IsOptional()
  @IsString()
  readonly parent_id?: string | null;
}

export type Branch = 'active' | 'all';

export class ListMessagesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['active', 'all'], default: 'active', description: 'The active branch, or every message of the room.' })
  @IsOptional()
  @IsIn(['active', 'all'])
  readonly branch?: Branch;
}

/** The start of a page by the cursor of `toMessagePage`. @throws ValidationFailedError for another list's cursor */
export function pageStartOf(branch: Branch, cursor: string | undefined): PageStart {
  if (branch === 'active') return { branchFrom: decodeCursor(cursor, [isId])?.[0] ?? null };
  const [position] = decodeCursor(cursor, [isPosition]) ?? [];
  return { allBelow: position === undefined ? null : Number(position) };
}

export class GetMessageQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 30,
    default: 0,
    description: 'Seconds to hold the answer until the reply is finished.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value))
  @IsInt({ message: 'wait must be a whole number from 0 to 30' })
  @Min(0, { message: 'wait must be a whole number from 0 to 30' })
  @Max(30, { message: 'wait must be a whole number from 0 to 30' })
  readonly wait?: number;
}
