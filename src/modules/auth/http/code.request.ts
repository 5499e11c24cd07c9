import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsUUID, ValidateIf } from 'class-validator';
import { OneTimeCodeField } from '../../../common/http/one-time-code.field.js';
import type { CodeInput } from '../auth.service.js';
import { MobileNumberField } from './mobile-number.field.js';
import { NewPasswordField } from './new-password.field.js';
import { type RefreshIn, RefreshInField } from './refresh-in.field.js';

export class SendCodeRequest {
  @MobileNumberField()
  readonly mobile_number!: string;
}

abstract class CodeRequest {
  @MobileNumberField()
  readonly mobile_number!: string;

  @OneTimeCodeField({ required: true })
  readonly otp!: string;

  @ApiPropertyOptional({
    format: 'uuid',
    example: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de',
    description: 'The `challenge_id` of the response that announced the code. Attempts with it count against that code alone.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsUUID(undefined, { message: 'challenge_id must be a UUID' })
  readonly challenge_id?: string;
}

export class VerifyCodeRequest extends CodeRequest {
  @RefreshInField()
  readonly refresh_in?: RefreshIn;
}

export class ResetPasswordRequest extends CodeRequest {
  @NewPasswordField('new_password')
  readonly new_password!: string;
}

export const toCodeInput = ({ mobile_number, otp, challenge_id }: CodeRequest): CodeInput => ({
  mobileNumber: mobile_number,
  otp,
  challengeId: challenge_id?.toLowerCase() ?? null,
});
