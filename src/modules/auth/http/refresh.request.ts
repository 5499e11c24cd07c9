import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, ValidateIf } from 'class-validator';

export class RefreshRequest {
  @ApiPropertyOptional({
    maxLength: 200,
    example: 'AZqz8m9-fMCLHi-KPB1OXxk3Jt6x',
    description: 'Required unless the token is in the cookie.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MaxLength(200)
  readonly refresh_token?: string;
}
