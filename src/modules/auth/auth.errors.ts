import { defineError } from '../../common/errors/app-error.js';

export class TokenExpiredError extends defineError({
  code: 'token_expired',
  kind: 'unauthenticated',
  title: 'The access token has expired',
  detail: 'Get a new access token at POST /auth/refresh.',
}) {}

export class InvalidTokenError extends defineError({
  code: 'invalid_token',
  kind: 'unauthenticated',
  title: 'There is no valid token',
  detail: 'This route needs a valid token. Sign in.',
}) {}

export class SessionEndedError extends defineError({
  code: 'session_ended',
  kind: 'unauthenticated',
  title: 'The session has ended',
  detail: 'The session was ended or has expired. Sign in again.',
}) {}

export class AccountDisabledError extends defineError({
  code: 'account_disabled',
  kind: 'unauthenticated',
  title: 'The account is disabled',
  detail: 'An administrator has disabled this account.',
}) {}

export class MobileNumberUnverifiedError extends defineError({
  code: 'mobile_number_unverified',
  kind: 'forbidden',
  title: 'The mobile number is not verified',
  detail: 'Verify the mobile number first: POST /auth/send-otp, then POST /auth/verify-otp.',
}) {}

export class InvalidOtpError extends defineError({
  code: 'invalid_otp',
  kind: 'unauthenticated',
  title: 'The code is wrong',
  detail: 'The code is wrong, used, expired, for another purpose, or was tried too often.',
}) {}

export class OtpTooSoonError extends defineError<number | undefined>({
  code: 'otp_too_soon',
  kind: 'rate_limited',
  title: 'A code was sent recently',
  occurrence: (retryAfterSeconds) => ({
    detail: 'A number gets one code a minute and five an hour. Wait for retry_after seconds.',
    retryAfterSeconds,
  }),
  example: 42,
}) {}

/** The password is correct, and the code that was sent is required too. */
export class OtpRequiredError extends defineError({
  code: 'otp_required',
  kind: 'unauthenticated',
  title: 'A one-time code is required',
  occurrence: (challenge: Readonly<Record<string, unknown>>) => ({
    detail: 'Give the code that was sent, with this challenge_id, at POST /auth/verify-otp.',
    members: challenge,
  }),
  example: { challenge_id: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de', expires_in: 300, resend_after: 60 },
}) {}

export class RefreshTokenReusedError extends defineError({
  code: 'refresh_token_reused',
  kind: 'unauthenticated',
  title: 'The refresh token has been used before',
  detail: 'Somebody else may hold this token, so the session was ended. Sign in again.',
}) {}

export class OriginNotAllowedError extends defineError({
  code: 'origin_not_allowed',
  kind: 'forbidden',
  title: 'The origin is not allowed',
  detail: 'The refresh cookie is only taken from pages of an allowed origin.',
}) {}
