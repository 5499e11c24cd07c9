import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { NewPasswordField } from './new-password.field.js';

export class ChangePasswordRequest {
  @ApiProperty({ format: 'password', example: 'a long and plain sentence', minLength: 1, maxLength: 1_000 })
  @IsString()
  @Length(1, 1_000)
  readonly current_password!: string;

  @NewPasswordField('new_password')
  readonly new_password!: string;
}
