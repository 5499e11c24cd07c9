import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, Length, Matches, ValidateIf } from 'class-validator';
import { USERNAME_PATTERN, USERNAME_RULE } from '../username.js';
import type { ProfileChanges } from '../users.service.js';

export class UpdateMeRequest {
  @ApiPropertyOptional({ example: 'ada.lovelace', minLength: 3, maxLength: 30, pattern: '^[A-Za-z][A-Za-z0-9_.]{2,29}$' })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @Matches(USERNAME_PATTERN, { message: USERNAME_RULE })
  readonly username?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'ada@example.com',
    format: 'email',
    maxLength: 254,
    description: 'null removes the address.',
  })
  @IsOptional()
  @IsEmail({}, { message: 'email must be an e-mail address' })
  @Matches(/^[\x21-\x7e]{3,254}$/, { message: 'email must be an e-mail address' })
  readonly email?: string | null;

  @ApiPropertyOptional({
    format: 'password',
    minLength: 1,
    maxLength: 1_000,
    example: 'a long and plain sentence',
    description: 'Required to change the e-mail address.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @Length(1, 1_000)
  readonly current_password?: string;
}

export const toProfileChanges = ({ username, email, current_password }: UpdateMeRequest): ProfileChanges => ({
  ...(username === undefined ? {} : { username }),
  ...(email === undefined ? {} : { email }),
  ...(current_password === undefined ? {} : { currentPassword: current_password }),
});
