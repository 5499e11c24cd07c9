import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength, ValidateIf } from 'class-validator';
import { decodeCursor, DEFAULT_PAGE_SIZE, type PageQuery } from '../../../common/http/page.js';
import type { InvoiceListOptions } from '../billing.service.js';

const MAX_ADDRESS_LENGTH = 2_000;
const MAX_KEY_LENGTH = 100;

const IfPresent = () => ValidateIf((_, value) => value !== undefined);

export class SubscribeRequest {
  @ApiPropertyOptional({
    maxLength: MAX_KEY_LENGTH,
    example: 'annual',
    description: 'The key of a price that `GET /plans` lists. Default: the first one.',
  })
  @IfPresent()
  @IsString()
  @MaxLength(MAX_KEY_LENGTH)
  readonly price?: string;

  @ApiPropertyOptional({
    maxLength: MAX_ADDRESS_LENGTH,
    example: 'https://app.example.com/billing?checkout_session_id={CHECKOUT_SESSION_ID}',
    description:
      'The address that the payer is sent to afterwards, at an allowed origin. `{CHECKOUT_SESSION_ID}` becomes the session’s id.',
  })
  @IfPresent()
  @IsString()
  @MaxLength(MAX_ADDRESS_LENGTH)
  readonly success_url?: string;

  @ApiPropertyOptional({
    maxLength: MAX_ADDRESS_LENGTH,
    example: 'https://app.example.com/plans',
    description: 'The address that a user who does not pay is sent to, at an allowed origin.',
  })
  @IfPresent()
  @IsString()
  @MaxLength(MAX_ADDRESS_LENGTH)
  readonly cancel_url?: string;
}

export class OpenPortalRequest {
  @ApiPropertyOptional({
    maxLength: MAX_KEY_LENGTH,
    example: 'annual',
    description: 'The key of another price that `GET /plans` lists: the portal opens at the confirmation of the change to it.',
  })
  @IfPresent()
  @IsString()
  @MaxLength(MAX_KEY_LENGTH)
  readonly price?: string;

  @ApiPropertyOptional({
    maxLength: MAX_ADDRESS_LENGTH,
    example: 'https://app.example.com/settings',
    description: 'The address that the portal links back to, at an allowed origin.',
  })
  @IfPresent()
  @IsString()
  @MaxLength(MAX_ADDRESS_LENGTH)
  readonly return_url?: string;
}

export class StatusQuery {
  @ApiPropertyOptional({
    // A longer one is the id of no page, which is 404 like any other unknown one.
    maxLength: 255,
    description:
      'The id of the payment page that the user returns from. Stripe is asked first, so that a user who has paid never sees `basic`.',
  })
  @IfPresent()
  @IsString()
  readonly checkout_session_id?: string;
}

export class ReturnQuery extends StatusQuery {
  @ApiPropertyOptional({ enum: ['cancelled'], description: 'Set when the user left the payment page without paying.' })
  @IfPresent()
  @IsIn(['cancelled'])
  readonly checkout?: string;
}

const isInvoiceId = (part: string): boolean => /^in_\w{1,200}$/.test(part);

/**
 * It asks for one invoice more than the page has, which shows whether there is another page.
 * @throws ValidationFailedError
 */
export const toInvoiceListOptions = ({ cursor, limit = DEFAULT_PAGE_SIZE }: PageQuery): InvoiceListOptions => ({
  after: decodeCursor(cursor, [isInvoiceId])?.[0] ?? null,
  count: limit + 1,
});
