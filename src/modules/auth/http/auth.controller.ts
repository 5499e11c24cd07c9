import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { ThrottledAsSignIn } from '../../../common/http/throttle.decorator.js';
import { EmailTakenError, MobileNumberTakenError, UsernameTakenError } from '../../users/index.js';
import { AccountDisabledError, InvalidCredentialsError } from '../auth.errors.js';
import { AuthService } from '../auth.service.js';
import type { Client } from '../sessions.service.js';
import { RequestClient } from './client.decorator.js';
import { LogInRequest } from './log-in.request.js';
import { SignUpRequest, toSignUpInput } from './sign-up.request.js';
import { SignUpResponse, toSignUpResponse } from './sign-up.response.js';
import { TokensResponse, toTokensResponse } from './tokens.response.js';

@ApiTags('Auth')
@ThrottledAsSignIn()
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('signup')
  @Public()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Make an account', description: 'Sends a code to the mobile number; verify it with POST /auth/verify-otp.' })
  @ApiCreatedResponse({ type: SignUpResponse })
  @ApiProblems(UsernameTakenError, MobileNumberTakenError, EmailTakenError, RateLimitedError)
  async signUp(@Body() body: SignUpRequest): Promise<SignUpResponse> {
    return toSignUpResponse(await this.auth.signUp(toSignUpInput(body)));
  }

  @Post('login')
  @Public()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Sign in with a password' })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblems(InvalidCredentialsError, AccountDisabledError, RateLimitedError)
  async logIn(@Body() body: LogInRequest, @RequestClient() client: Client): Promise<TokensResponse> {
    return toTokensResponse(await this.auth.logIn(body, client));
  }
}
