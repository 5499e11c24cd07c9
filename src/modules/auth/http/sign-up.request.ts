import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, Matches } from 'class-validator';
import { type SignUpInput, USERNAME_PATTERN, USERNAME_RULE } from '../../users/index.js';
import { MobileNumberField } from './mobile-number.field.js';
import { NewPasswordField } from './new-password.field.js';

export class SignUpRequest {
  @ApiProperty({
    example: 'ada.lovelace',
    minLength: 3,
    maxLength: 30,
    pattern: '^[A-Za-z][A-Za-z0-9_.]{2,29}$',
    description: 'Stored in lower case.',
  })
  @IsString()
  @Matches(USERNAME_PATTERN, { message: USERNAME_RULE })
  readonly username!: string;

  @MobileNumberField()
  readonly mobile_number!: string;

  @NewPasswordField('password')
  readonly password!: string;

  @ApiPropertyOptional({
    example: 'ada@example.com',
    format: 'email',
    maxLength: 254,
    description: 'A contact address. It is not used to sign in.',
  })
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
