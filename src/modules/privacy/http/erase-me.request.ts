import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, IsUUID, Length, ValidateIf } from 'class-validator';
import { OneTimeCodeField } from '../../../common/http/one-time-code.field.js';
import type { ErasureProof } from '../erasure.service.js';

const unlessAbsent = () => ValidateIf((_, value) => value !== undefined);

export class EraseMeRequest {
  @ApiPropertyOptional({
    format: 'password',
    minLength: 1,
    maxLength: 1_000,
    example: 'a long and plain sentence',
    description: 'The password of the account. Without it a code is required.',
  })
  @unlessAbsent()
  @IsString()
  @Length(1, 1_000)
  readonly password?: string;

  @OneTimeCodeField({ required: false, description: 'A new code of POST /auth/send-otp.' })
  readonly otp?: string;

  @ApiPropertyOptional({ format: 'uuid', example: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de' })
  @unlessAbsent()
  @IsUUID(undefined, { message: 'challenge_id must be a UUID' })
  readonly challenge_id?: string;
}

export const toErasureProof = ({ password, otp, challenge_id }: EraseMeRequest): ErasureProof => ({
  password: password ?? null,
  otp: otp ?? null,
  challengeId: challenge_id?.toLowerCase() ?? null,
});
