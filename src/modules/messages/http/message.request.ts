import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, IsInt, IsOptional, IsString, Max, Min, ValidateIf } from 'class-validator';
import { decodeCursor, isPosition, PageQuery } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import { ReplyOptionsRequest } from '../../chatrooms/index.js';
import { MAX_ATTACHMENTS } from '../message.js';
import type { PageStart } from '../messages.service.js';

const CONTENT = { max: 32_000, multiline: true };

export class EditMessageRequest extends ReplyOptionsRequest {
  @ApiProperty({
    maxLength: CONTENT.max,
    description:
      'Counted in code points, without trailing blanks and empty first lines, which are dropped; the indentation of the first line stays. ' +
      'Some of it must be visible, unless it is empty and the message has attachments.',
    example: 'What should I see in Kyoto in two days?',
  })
  @ValidateIf(({ content, attachment_ids: ids }: EditMessageRequest) => !(content === '' && ids != null && ids.length > 0))
  @IsText(CONTENT)
  readonly content!: string;

  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    maxItems: MAX_ATTACHMENTS,
    nullable: true,
    description:
      'Uploaded files, in the order in which the model gets them; with some, `content` may be empty. A file belongs to one chatroom: no message ' +
      'of another one can have it. Without this field an edited message keeps its files.',
    example: [],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ATTACHMENTS)
  @ArrayUnique((id: unknown) => (typeof id === 'string' ? id.toLowerCase() : id))
  @IsString({ each: true })
  readonly attachment_ids?: readonly string[] | null;
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

/** The options that a message names for itself. */
export const optionsOf = ({
  web_search: webSearch,
  reasoning,
  attachment_ids: attachmentIds,
}: ReplyOptionsRequest & Pick<EditMessageRequest, 'attachment_ids'>) => ({
  ...(webSearch === undefined ? {} : { webSearch }),
  ...(reasoning === undefined ? {} : { reasoning }),
  ...(attachmentIds == null ? {} : { attachmentIds }),
});
