import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { PageQuery } from '../../../common/http/page.js';
import { ReplyOptionsRequest } from '../reply-options.request.js';
import { IsNullableText } from '../../../common/http/text.decorator.js';

const NAME = { max: 200 };
const SYSTEM_INSTRUCTION = { max: 16_000, multiline: true };

export class CreateChatroomRequest extends ReplyOptionsRequest {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: NAME.max,
    description: 'It must contain visible characters.',
    example: 'Trip to Kyoto',
  })
  @IsNullableText(NAME)
  readonly name?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: SYSTEM_INSTRUCTION.max,
    description: 'It must contain visible characters.',
    example: 'You are a friendly travel guide.',
  })
  @IsNullableText(SYSTEM_INSTRUCTION)
  readonly system_instruction?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 100,
    description: "A model that the caller's plan includes. The default is the plan's.",
    example: 'gemini-3.5-flash-lite',
  })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly model?: string | null;
}

export class UpdateChatroomRequest extends CreateChatroomRequest {
  @ApiPropertyOptional({ type: Boolean, example: true })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  readonly archived?: boolean;
}

export class ListChatroomsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false', description: 'Lists the archived rooms instead of the others.' })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly archived?: 'true' | 'false';

  @ApiPropertyOptional({
    description: 'Lists only rooms whose name contains this text, regardless of case, width, accents and invisible characters.',
    maxLength: 200,
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly q?: string;
}
