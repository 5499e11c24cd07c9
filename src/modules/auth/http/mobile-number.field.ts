import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

const LONGEST = 100;
const RULE = `mobile_number must be a text of at most ${LONGEST} characters`;

/** A mobile number as people write it; what it means is decided where the settings are known. */
export const MobileNumberField = () =>
  applyDecorators(
    ApiProperty({
      example: '+14155550123',
      maxLength: LONGEST,
      description:
        'With its country code; national where the service has a default country. Blanks, brackets, dashes, `tel:` and digits of any script ' +
        'are read. Answered in E.164; the two spellings of a number of Argentina, Brazil or Mexico are answered as one.',
    }),
    IsString({ message: RULE }),
    MaxLength(LONGEST, { message: RULE }),
  );
