import { Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import type { Client } from '../../../common/client.js';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, OptionalActor, Public } from '../../../common/http/current-actor.decorator.js';
import { RequestClient } from '../../../common/http/request-client.decorator.js';
import { ThrottledAsSignIn } from '../../../common/http/throttle.decorator.js';
import { EmailTakenError, InvalidCredentialsError, MobileNumberTakenError, UsernameTakenError } from '../../users/index.js';
import {
  AccountDisabledError,
  InvalidOtpError,
  InvalidTokenError,
  OriginNotAllowedError,
  OtpRequiredError,
  OtpTooSoonError,
  RefreshTokenReusedError,
  SessionEndedError,
} from '../auth.errors.js';
import { AuthService } from '../auth.service.js';
import { SessionsService } from '../sessions.service.js';
import { ChallengeResponse, toChallengeResponse } from './challenge.response.js';
import { ChangePasswordRequest } from './change-password.request.js';
import { ResetPasswordRequest, SendCodeRequest, toCodeInput, VerifyCodeRequest } from './code.request.js';
import { LogInRequest } from './log-in.request.js';
import { RefreshCookieService } from './refresh-cookie.service.js';
import { RefreshRequest } from './refresh.request.js';
import { CountsSignIns } from './sign-in-counter.interceptor.js';
import { SignUpRequest, toSignUpInput } from './sign-up.request.js';
import { SignUpResponse, toSignUpResponse } from './sign-up.response.js';
import { TokensResponse } from './tokens.response.js';

const NoStore = () => Header('Cache-Control', 'no-store');

@ApiTags('Auth')
@ThrottledAsSignIn()
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly cookie: RefreshCookieService,
  ) {}

  @Post('signup')
  @Public()
  @NoStore()
  @ApiOperation({
    summary: 'Create an account',
    description:
      'Sends a code to the mobile number. Give it, with the `challenge_id`, at POST /auth/verify-otp. A number that is not verified is taken ' +
      'over from an account that has no chatroom, Stripe customer or grant.',
  })
  @ApiCreatedResponse({ type: SignUpResponse })
  @ApiProblems(UsernameTakenError, MobileNumberTakenError, EmailTakenError, OtpTooSoonError, RateLimitedError)
  async signUp(@Body() body: SignUpRequest, @RequestClient() client: Client): Promise<SignUpResponse> {
    return toSignUpResponse(await this.auth.signUp(toSignUpInput(body), client));
  }

  @Post('login')
  @Public()
  @CountsSignIns('password')
  @HttpCode(200)
  @NoStore()
  @ApiOperation({
    summary: 'Sign in with a password',
    description: 'The identifier is a username or a mobile number. An unknown identifier and a wrong password get the same answer.',
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblems(InvalidCredentialsError, AccountDisabledError, OtpRequiredError, OtpTooSoonError, RateLimitedError)
  async logIn(
    @Body() body: LogInRequest,
    @RequestClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokensResponse> {
    return this.cookie.respond(reply, await this.auth.logIn(body, client), body.refresh_in);
  }

  @Post('send-otp')
  @Public()
  @HttpCode(202)
  @NoStore()
  @ApiOperation({
    summary: 'Send a code to sign in',
    description: 'The response is the same whether or not the number has an account. A newer code invalidates the older one.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse })
  @ApiProblems(OtpTooSoonError, RateLimitedError)
  async sendOtp(@Body() body: SendCodeRequest, @RequestClient() client: Client): Promise<ChallengeResponse> {
    return toChallengeResponse(await this.auth.sendCode({ mobileNumber: body.mobile_number }, client));
  }

  @Post('verify-otp')
  @Public({ identify: true })
  @CountsSignIns('code')
  @HttpCode(200)
  @NoStore()
  @ApiOperation({
    summary: 'Sign in with a code, and verify the number',
    description:
      'The first verification of a number ends the sessions of the account, removes its password and e-mail address, deletes its ' +
      'chatrooms, and ends its subscription, whose running period is refunded, because somebody else may have created the account. It ' +
      'does not if the request carries the `challenge_id` from the response of POST /auth/signup, or an access token of the account.',
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblems(InvalidOtpError, AccountDisabledError)
  async verifyOtp(
    @Body() body: VerifyCodeRequest,
    @RequestClient() client: Client,
    @OptionalActor() actor: Actor | null,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokensResponse> {
    return this.cookie.respond(reply, await this.auth.verifyCode(actor, toCodeInput(body), client), body.refresh_in);
  }

  @Post('forgot-password')
  @Public()
  @HttpCode(202)
  @NoStore()
  @ApiOperation({
    summary: 'Send a code to reset the password',
    description: 'The response is the same whether or not the number has an account. Give the code at POST /auth/reset-password.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse })
  @ApiProblems(OtpTooSoonError, RateLimitedError)
  async forgotPassword(@Body() body: SendCodeRequest, @RequestClient() client: Client): Promise<ChallengeResponse> {
    return toChallengeResponse(await this.auth.forgotPassword({ mobileNumber: body.mobile_number }, client));
  }

  @Post('reset-password')
  @Public({ identify: true })
  @HttpCode(204)
  @ApiOperation({
    summary: 'Set a password with a code',
    description:
      'Ends every session of the account, and verifies the number. The first verification removes the e-mail address, deletes the ' +
      'chatrooms and ends the subscription, unless the request carries an access token of the account, as at POST /auth/verify-otp.',
  })
  @ApiNoContentResponse()
  @ApiProblems(InvalidOtpError, AccountDisabledError, RateLimitedError)
  async resetPassword(
    @Body() body: ResetPasswordRequest,
    @RequestClient() client: Client,
    @OptionalActor() actor: Actor | null,
  ): Promise<void> {
    await this.auth.resetPassword(actor, { ...toCodeInput(body), newPassword: body.new_password }, client);
  }

  @Post('change-password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change the password', description: 'Ends every other session of the account.' })
  @ApiNoContentResponse()
  @ApiProblems(InvalidCredentialsError, RateLimitedError)
  async changePassword(@CurrentActor() actor: Actor, @Body() body: ChangePasswordRequest, @RequestClient() client: Client): Promise<void> {
    await this.auth.changePassword(actor, { currentPassword: body.current_password, newPassword: body.new_password }, client);
  }

  @Post('refresh')
  @Public()
  @CountsSignIns('refresh')
  @HttpCode(200)
  @NoStore()
  @ApiOperation({
    summary: 'Spend a refresh token for new tokens',
    description:
      'A token that was spent less than 30 s ago, and whose successor has not been used, returns that successor again. Any other reuse ' +
      'ends the session.',
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblems(RefreshTokenReusedError, InvalidTokenError, SessionEndedError, AccountDisabledError, OriginNotAllowedError)
  async refreshTokens(
    @Body() body: RefreshRequest,
    @RequestClient() client: Client,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokensResponse> {
    const presented = this.cookie.presented(request, body.refresh_token);
    return this.cookie.respond(reply, await this.sessions.refresh(presented.token, client), presented.in);
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({ summary: 'End this session', description: 'The session that the access token belongs to; a refresh cookie is removed.' })
  @ApiNoContentResponse()
  @ApiProblems(OriginNotAllowedError)
  async logOut(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    this.cookie.clear(request, reply);
    await this.sessions.logOut(actor);
  }
}
