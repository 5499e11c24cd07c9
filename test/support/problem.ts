/** An id that the service made. */
export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A time as the service writes it. */
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The whole body of a problem answer, whatever the request's id. */
export const problem = (status: number, code: string, title: string, detail: string, more: object = {}) => ({
  type: `urn:problem-type:${code}`,
  title,
  status,
  detail,
  code,
  request_id: expect.stringMatching(ID),
  ...more,
});

/** Of the answers that several tests meet. */
export const INVALID_OTP = problem(
  401,
  'invalid_otp',
  'The code is wrong',
  'The code is wrong, used, expired, for another purpose, or was tried too often.',
);

export const INVALID_CREDENTIALS = problem(
  401,
  'invalid_credentials',
  'The credentials are wrong',
  'There is no account with this identifier and this password.',
);

export const SESSION_ENDED = problem(401, 'session_ended', 'The session has ended', 'The session was ended or has expired. Sign in again.');
