import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

const RULE = 'mobile_number must be a text of at most 40 characters';

/** A mobile number as people write it; what it means is decided where the settings are known. */
export const MobileNumberField = () =>
  applyDecorators(
    ApiProperty({
      example: '+14155550123',
      maxLength: 40,
      description: 'With its country code; national where the service has a default country. Answered in E.164.',
    }),
    IsString({ message: RULE }),
    MaxLength(40, { message: RULE }),
  );
