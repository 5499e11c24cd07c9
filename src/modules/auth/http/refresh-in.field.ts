import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, ValidateIf } from 'class-validator';

/** Where the refresh token is to go. */
export type RefreshIn = 'body' | 'cookie';

export const RefreshInField = () =>
  applyDecorators(
    ApiPropertyOptional({
      enum: ['body', 'cookie'],
      default: 'body',
      example: 'body',
      description: 'For pages: `cookie` keeps the refresh token out of reach of scripts, in the cookie `__Secure-refresh`.',
    }),
    ValidateIf((_, value) => value !== undefined),
    IsIn(['body', 'cookie'], { message: 'refresh_in must be body or cookie' }),
  );
