import { API_URL } from '../api/api-url.ts';
import { createAuthorisedFetch } from '../api/authorised-fetch.ts';
import { Refusal } from '../api/refusal.ts';
import type { components } from '../api/schema.d.ts';
import { signedOut } from '../sign-in/signed-out.ts';

type Tokens = components['schemas']['TokensResponse'];
export type Administrator = Tokens['user'];

interface Stored {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: Administrator;
}

/** The key in the session storage: an administrator's session ends with its tab, and is not that of the chat page. */
const STORE = 'administration';

const listeners = new Set<() => void>();
let stored = JSON.parse(sessionStorage.getItem(STORE) ?? 'null') as Stored | null;
let endedBecause = '';
let refreshing: Promise<string | null> | null = null;

function store(next: Stored | null, reason = ''): void {
  if (next === null) sessionStorage.removeItem(STORE);
  else sessionStorage.setItem(STORE, JSON.stringify(next));
  stored = next;
  endedBecause = reason;
  for (const listener of listeners) listener();
}

const keep = ({ access_token, refresh_token = '', user }: Tokens): void => {
  store({ accessToken: access_token, refreshToken: refresh_token, user });
};

const end = (reason: string): void => {
  store(null, reason);
};

async function refresh(): Promise<string | null> {
  const response = await fetch(`${API_URL}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: stored?.refreshToken ?? '' }),
  });
  if (response.ok) {
    keep((await response.json()) as Tokens);
    return stored?.accessToken ?? null;
  }
  const refusal = await Refusal.of(response);
  if (response.status !== 401 && response.status !== 403) throw refusal;
  end(refusal.message);
  return null;
}

const authorisedFetch = createAuthorisedFetch({
  accessToken: (expired) => {
    if (stored === null || stored.accessToken !== expired) return Promise.resolve(stored?.accessToken ?? null);
    // Concurrent callers share one refresh: a refresh token can be used once.
    refreshing ??= refresh().finally(() => {
      refreshing = null;
    });
    return refreshing;
  },
});

/** The API refuses administrators and other users with the same code, so the role is asked for. */
async function isStillAdministrator(): Promise<boolean> {
  const response = await authorisedFetch(`${API_URL}/user/me`);
  return !response.ok || ((await response.json()) as Administrator).role === 'admin';
}

/** `fetch` as the administrator who is signed in. What ends the session signs the page out. */
const fetchSignedIn: typeof fetch = async (input, init) => {
  const response = await authorisedFetch(input, init);
  if ((response.status !== 401 && response.status !== 403) || stored === null) return response;
  const { code, message } = await Refusal.of(response.clone());
  if (['session_ended', 'account_disabled', 'invalid_token'].includes(code)) end(message);
  if (code === 'forbidden' && !(await isStillAdministrator())) end('This account is no longer an administrator’s.');
  return response;
};

const endAtApi = (accessToken: string) =>
  fetch(`${API_URL}/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${accessToken}` } }).catch(() => undefined);

export const session = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  user: (): Administrator | null => stored?.user ?? null,
  /** Says why the last session ended. */
  endedBecause: (): string => endedBecause,
  fetch: fetchSignedIn,
  /** @throws Error for a user who is no administrator */
  begin: async (tokens: Tokens): Promise<void> => {
    if (tokens.user.role === 'admin') {
      keep(tokens);
      return;
    }
    await endAtApi(tokens.access_token);
    throw new Error('This account is not an administrator’s.');
  },
  signOut: async (): Promise<void> => {
    // The API refuses an expired access token here, too, so it is renewed first.
    const response = await fetchSignedIn(`${API_URL}/auth/logout`, { method: 'POST' }).catch(() => null);
    if (stored !== null) end(signedOut({ isEnded: response?.ok === true }));
  },
};
