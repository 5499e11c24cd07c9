import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toUserResponse, UserResponse } from '../../users/index.js';
import type { Tokens } from '../sessions.service.js';

export class TokensResponse {
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIwMTlhYiJ9.c2lnbmF0dXJl' })
  readonly access_token!: string;

  @ApiPropertyOptional({
    example: 'AZqz8m9-fMCLHi-KPB1OXxk3Jt6x',
    description: 'Opaque, for one refresh. Absent when it is in the cookie.',
  })
  readonly refresh_token?: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  readonly token_type!: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'The lifetime of the access token in seconds.', example: 900 })
  readonly expires_in!: number;

  @ApiProperty({
    type: 'integer',
    description: 'The seconds until the refresh token expires or the session ends, whichever comes first.',
    example: 2_592_000,
  })
  readonly refresh_expires_in!: number;

  @ApiProperty({ type: UserResponse })
  readonly user!: UserResponse;
}

export const toTokensResponse = (tokens: Tokens, withRefreshToken: boolean): TokensResponse => ({
  access_token: tokens.accessToken,
  ...(withRefreshToken ? { refresh_token: tokens.refreshToken } : {}),
  token_type: 'Bearer',
  expires_in: tokens.expiresIn,
  refresh_expires_in: tokens.refreshExpiresIn,
  user: toUserResponse(tokens.user),
});
