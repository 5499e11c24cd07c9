/** In the session storage: the session ends with its tab. */
const STORE = 'administration';

const read = () => JSON.parse(sessionStorage.getItem(STORE) ?? 'null');

let session = read();
let refreshing = null;

function inWords({ title, detail, errors = [], retry_after: seconds }) {
  if (errors.length > 0) return errors.map(({ message }) => message).join('; ');
  return seconds === undefined ? detail : `${title}. Retry in ${seconds} s.`;
}

/** A refusal of the API, with the API's text. */
export class ApiError extends Error {
  constructor(problem) {
    super(inWords(problem));
    this.problem = problem;
  }
}

/** Event of the window when the session has ended; its `detail` is the reason. */
export const SIGNED_OUT = 'signed-out';

export const currentUser = () => session?.user ?? null;

function keep(tokens) {
  session = tokens && { accessToken: tokens.access_token, refreshToken: tokens.refresh_token, user: tokens.user };
  if (session) sessionStorage.setItem(STORE, JSON.stringify(session));
  else sessionStorage.removeItem(STORE);
}

async function send(method, path, body, token) {
  const response = await fetch(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error('The server cannot be reached.');
  });
  if (response.ok) return response;
  throw new ApiError(await response.json().catch(() => ({ code: 'unknown', detail: `The server answered ${response.status}.` })));
}

/** Concurrent callers share one refresh: a refresh token can be used once. */
function refresh() {
  refreshing ??= send('POST', '/auth/refresh', { refresh_token: session?.refreshToken ?? '' })
    .then(async (response) => keep(await response.json()))
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

function signedOut(reason = 'You are signed out.') {
  keep(null);
  window.dispatchEvent(new CustomEvent(SIGNED_OUT, { detail: reason }));
  return new Error(reason);
}

/** The API refuses administrators and other users with the same code, so the role is asked for. */
async function isStillAdministrator(token) {
  const user = await (await send('GET', '/user/me', undefined, token)).json();
  return user.role === 'admin';
}

async function authorised(method, path, body) {
  if (!session) throw signedOut();
  const { accessToken } = session;
  try {
    return await send(method, path, body, accessToken);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code } = error.problem;
    if (code === 'token_expired') {
      await refresh().catch(() => keep(null));
      return authorised(method, path, body);
    }
    if (['session_ended', 'account_disabled', 'invalid_token'].includes(code)) throw signedOut(error.message);
    if (code === 'forbidden' && !(await isStillAdministrator(accessToken))) {
      throw signedOut('This account is no longer an administrator’s.');
    }
    throw error;
  }
}

const decoded = async (response) => (response.status === 204 ? null : response.json());

export const get = async (path) => decoded(await authorised('GET', path));
export const post = async (path, body) => decoded(await authorised('POST', path, body));
export const patch = async (path, body) => decoded(await authorised('PATCH', path, body));
export const remove = async (path) => decoded(await authorised('DELETE', path));
export const download = async (path) => (await authorised('GET', path)).blob();

async function enter(path, body) {
  const tokens = await (await send('POST', path, body)).json();
  if (tokens.user.role !== 'admin') {
    await send('POST', '/auth/logout', undefined, tokens.access_token);
    throw new Error('This account is not an administrator’s.');
  }
  keep(tokens);
}

/** @throws ApiError; the code `otp_required` asks for `verifyCode` next */
export const logIn = (identifier, password) => enter('/auth/login', { identifier, password });
export const verifyCode = (mobileNumber, otp, challengeId) =>
  enter('/auth/verify-otp', { mobile_number: mobileNumber, otp, challenge_id: challengeId });

export async function logOut() {
  const token = session?.accessToken;
  keep(null);
  if (token) await send('POST', '/auth/logout', undefined, token).catch(() => undefined);
}
