/** Of this tab alone, and gone with it. */
const STORE = 'administration';

const read = () => JSON.parse(sessionStorage.getItem(STORE) ?? 'null');

let session = read();
let refreshing = null;

/** What the API refused, in its own words. */
export class ApiError extends Error {
  constructor(problem) {
    const fields = (problem.errors ?? []).map(({ message }) => message);
    super(fields.length > 0 ? fields.join('; ') : problem.detail);
    this.problem = problem;
  }
}

/** Told to the window when nobody is signed in any more. */
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
  });
  if (response.ok) return response;
  throw new ApiError(await response.json().catch(() => ({ code: 'unknown', detail: `The server answered ${response.status}.` })));
}

/** All who find the token expired wait for the same new one: a refresh token is good for one refresh. */
function refresh() {
  refreshing ??= send('POST', '/auth/refresh', { refresh_token: session?.refreshToken ?? '' })
    .then(async (response) => keep(await response.json()))
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

function signedOut() {
  keep(null);
  window.dispatchEvent(new Event(SIGNED_OUT));
  return new Error('You are signed out.');
}

async function authorised(method, path, body) {
  if (!session) throw signedOut();
  try {
    return await send(method, path, body, session.accessToken);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code } = error.problem;
    if (code === 'token_expired') {
      await refresh().catch(() => keep(null));
      return authorised(method, path, body);
    }
    if (['session_ended', 'account_disabled', 'invalid_token'].includes(code)) {
      throw signedOut();
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

/** @throws ApiError, of which `otp_required` asks for `verifyCode` next */
export const logIn = (identifier, password) => enter('/auth/login', { identifier, password });
export const verifyCode = (mobileNumber, otp, challengeId) =>
  enter('/auth/verify-otp', { mobile_number: mobileNumber, otp, challenge_id: challengeId });

export async function logOut() {
  const token = session?.accessToken;
  keep(null);
  if (token) await send('POST', '/auth/logout', undefined, token).catch(() => undefined);
}
