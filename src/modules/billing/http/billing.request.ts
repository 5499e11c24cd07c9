import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, ValidateIf } from 'class-validator';

const LONGEST_ADDRESS = 2_000;

const unlessLeftOut = () => ValidateIf((_, value) => value !== undefined);

export class SubscribeRequest {
  @ApiPropertyOptional({
    maxLength: LONGEST_ADDRESS,
    example: 'https://app.example.com/billing?checkout_session_id={CHECKOUT_SESSION_ID}',
    description: 'Where the payer goes afterwards, at an allowed origin. `{CHECKOUT_SESSION_ID}` becomes the id of the session.',
  })
  @unlessLeftOut()
  @IsString()
  @MaxLength(LONGEST_ADDRESS)
  readonly success_url?: string;

  @ApiPropertyOptional({
    maxLength: LONGEST_ADDRESS,
    example: 'https://app.example.com/plans',
    description: 'Where somebody goes who changes their mind, at an allowed origin.',
  })
  @unlessLeftOut()
  @IsString()
  @MaxLength(LONGEST_ADDRESS)
  readonly cancel_url?: string;
}

export class OpenPortalRequest {
  @ApiPropertyOptional({
    maxLength: LONGEST_ADDRESS,
    example: 'https://app.example.com/settings',
    description: 'Where the way back leads, at an allowed origin.',
  })
  @unlessLeftOut()
  @IsString()
  @MaxLength(LONGEST_ADDRESS)
  readonly return_url?: string;
}

export class StatusQuery {
  @ApiPropertyOptional({
    description: 'Of the payment page that the user comes back from: Stripe is asked first, so that a payer never sees `basic`.',
  })
  @unlessLeftOut()
  @IsString()
  readonly checkout_session_id?: string;
}
