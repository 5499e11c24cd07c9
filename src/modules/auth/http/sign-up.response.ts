import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toUserResponse, UserResponse } from '../../users/index.js';
import type { SignedUp } from '../auth.service.js';

export class SignUpResponse extends UserResponse {
  @ApiProperty({
    format: 'uuid',
    example: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de',
    description: 'The id of the code that was sent. Give it with the code: it proves that one person did both.',
  })
  readonly challenge_id!: string;

  @ApiPropertyOptional({ example: '493027', description: 'The code, only where codes are delivered in the response.' })
  readonly otp?: string;
}

export const toSignUpResponse = ({ user, challenge: { challengeId, otp } }: SignedUp): SignUpResponse =>
  Object.assign(toUserResponse(user), { challenge_id: challengeId }, otp === null ? {} : { otp });
