import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Matches, ValidateIf } from 'class-validator';
import { toPlainCode } from '../pasted-text.js';

const LONGEST = 64;

/** A one-time code as users type or paste it. The handler receives six ASCII digits. */
export const OneTimeCodeField = ({ required, description }: { required: boolean; description?: string }) =>
  applyDecorators(
    ApiProperty({
      type: String,
      required,
      maxLength: LONGEST,
      example: '493027',
      description: `${description === undefined ? '' : `${description} `}Six digits of any script; blanks and dashes are ignored.`,
    }),
    ValidateIf((_, value) => required || value !== undefined),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' && value.length <= LONGEST ? toPlainCode(value) : value)),
    Matches(/^[0-9]{6}$/, { message: 'otp must be six digits' }),
  );
