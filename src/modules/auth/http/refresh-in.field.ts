import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, ValidateIf } from 'class-validator';

/** The part of the response that holds the refresh token. */
export type RefreshIn = 'body' | 'cookie';

export const RefreshInField = () =>
  applyDecorators(
    ApiPropertyOptional({
      enum: ['body', 'cookie'],
      default: 'body',
      example: 'body',
      description: '`cookie` is for pages: the refresh token is in the cookie `__Secure-refresh`, which scripts cannot read.',
    }),
    ValidateIf((_, value) => value !== undefined),
    IsIn(['body', 'cookie'], { message: 'refresh_in must be body or cookie' }),
  );
