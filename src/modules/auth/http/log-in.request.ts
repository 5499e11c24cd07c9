import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { type RefreshIn, RefreshInField } from './refresh-in.field.js';

export class LogInRequest {
  @ApiProperty({ example: 'ada.lovelace', description: 'The username or the mobile number.', minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  readonly identifier!: string;

  @ApiProperty({ example: 'a long and plain sentence', format: 'password', minLength: 1, maxLength: 1_000 })
  @IsString()
  @Length(1, 1_000)
  readonly password!: string;

  @RefreshInField()
  readonly refresh_in?: RefreshIn;
}
