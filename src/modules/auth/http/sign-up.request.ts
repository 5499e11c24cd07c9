import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { PASSWORD_LENGTH, PASSWORD_RULE, type SignUpInput, USERNAME_PATTERN, USERNAME_RULE } from '../../users/index.js';

export const MOBILE_NUMBER_RULE = 'mobile_number must be a text of at most 40 characters';

export class SignUpRequest {
  @ApiProperty({
    example: 'ada.lovelace',
    minLength: 3,
    maxLength: 30,
    pattern: '^[A-Za-z][A-Za-z0-9_.]{2,29}$',
    description: 'Kept in lower case.',
  })
  @IsString()
  @Matches(USERNAME_PATTERN, { message: USERNAME_RULE })
  readonly username!: string;

  @ApiProperty({
    example: '+14155550123',
    description: 'With its country code; national where the service has a default country. Answered in E.164.',
  })
  @IsString({ message: MOBILE_NUMBER_RULE })
  @MaxLength(40, { message: MOBILE_NUMBER_RULE })
  readonly mobile_number!: string;

  @ApiProperty({ example: 'a long and plain sentence', format: 'password', minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max })
  @IsString()
  @Length(PASSWORD_LENGTH.min, PASSWORD_LENGTH.max, { message: `password ${PASSWORD_RULE}` })
  readonly password!: string;

  @ApiPropertyOptional({ example: 'ada@example.com', format: 'email', maxLength: 254, description: 'A contact; nobody signs in with it.' })
  @IsOptional()
  @IsEmail({}, { message: 'email must be an e-mail address' })
  @Matches(/^[\x21-\x7e]{3,254}$/, { message: 'email must be an e-mail address' })
  readonly email?: string;
}

export const toSignUpInput = ({ username, mobile_number, password, email }: SignUpRequest): SignUpInput => ({
  username,
  mobileNumber: mobile_number,
  password,
  email: email ?? null,
});
