import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

const MAX_LENGTH = 100;
const RULE = `mobile_number must be a text of at most ${MAX_LENGTH} characters`;

/** A mobile number as people write it. The service parses it, because that depends on the settings. */
export const MobileNumberField = () =>
  applyDecorators(
    ApiProperty({
      example: '+14155550123',
      maxLength: MAX_LENGTH,
      description:
        'A number with its country code, or a national number if the service has a default country. Blanks, brackets, dashes, `tel:` and ' +
        'digits of any script are accepted. Responses have the number in E.164, and one form for the two spellings of a number of ' +
        'Argentina, Brazil or Mexico.',
    }),
    IsString({ message: RULE }),
    MaxLength(MAX_LENGTH, { message: RULE }),
  );
