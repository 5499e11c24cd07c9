import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { PASSWORD_LENGTH, PASSWORD_RULE } from '../../users/index.js';

/** A new password. */
export const NewPasswordField = (field: string) =>
  applyDecorators(
    ApiProperty({
      example: 'a long and plain sentence',
      format: 'password',
      minLength: PASSWORD_LENGTH.min,
      maxLength: PASSWORD_LENGTH.max,
      description: 'Any characters are allowed. The most common passwords and the username are refused.',
    }),
    IsString({ message: `${field} ${PASSWORD_RULE}` }),
    Length(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max, { message: `${field} ${PASSWORD_RULE}` }),
  );
