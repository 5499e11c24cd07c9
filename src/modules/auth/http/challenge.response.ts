import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { SentChallenge } from '../otp.service.js';

export class ChallengeResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de', description: 'Give this id with the code.' })
  readonly challenge_id!: string;

  @ApiProperty({ type: 'integer', example: 300, description: 'The lifetime of the code in seconds.' })
  readonly expires_in!: number;

  @ApiProperty({ type: 'integer', example: 60, description: 'The seconds until another code can be requested.' })
  readonly resend_after!: number;

  @ApiPropertyOptional({ example: '493027', description: 'The code, only where codes are delivered in the response.' })
  readonly otp?: string;
}

export const toChallengeResponse = ({ challengeId, expiresIn, resendAfter, otp }: SentChallenge): ChallengeResponse => ({
  challenge_id: challengeId,
  expires_in: expiresIn,
  resend_after: resendAfter,
  ...(otp === null ? {} : { otp }),
});
