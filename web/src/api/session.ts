import { API_URL } from './api-url.ts';
import { createAuthorisedFetch } from './authorised-fetch.ts';
import { Refusal } from './refusal.ts';
import type { components } from './schema.d.ts';

export { API_URL };
export type User = components['schemas']['UserResponse'];
type Tokens = Omit<components['schemas']['TokensResponse'], 'refresh_token'> & { readonly refresh_token?: string };

/**
 * Over HTTPS the refresh token is a cookie that no script can read. Not every browser keeps such a cookie over plain
 * HTTP, which only the local mode speaks.
 */
export const REFRESH_IN: 'cookie' | 'body' = location.protocol === 'https:' ? 'cookie' : 'body';

/** All tabs share this entry, this lock and this channel. */
const NAME = 'session';

interface Stored {
  readonly user: User;
  readonly refreshToken?: string;
}

type News =
  | { readonly accessToken: string }
  | { readonly ended: string; /** The user ended the session, rather than the API. */ readonly byUser: boolean };

const channel = new BroadcastChannel(NAME);
const listeners = new Set<() => void>();
let stored = read();
let accessToken: string | null = null;
let endedBecause = '';

function read(): Stored | null {
  return JSON.parse(localStorage.getItem(NAME) ?? 'null') as Stored | null;
}

function apply(news: News): void {
  // Another request, also of another tab, may learn of an end before the one that makes it: the user's reason counts.
  if ('ended' in news && !news.byUser && stored === null) return;
  accessToken = 'accessToken' in news ? news.accessToken : null;
  endedBecause = 'ended' in news ? news.ended : '';
  stored = read();
  for (const listener of listeners) listener();
}

/** Tells this tab and the others. */
function tell(news: News): void {
  channel.postMessage(news);
  apply(news);
}

channel.addEventListener('message', ({ data }: MessageEvent<News>) => {
  apply(data);
});

function keep({ access_token, refresh_token, user }: Tokens): void {
  localStorage.setItem(NAME, JSON.stringify({ user, ...(refresh_token === undefined ? {} : { refreshToken: refresh_token }) }));
  tell({ accessToken: access_token });
}

function end(reason: string, { byUser }: { byUser: boolean }): void {
  localStorage.removeItem(NAME);
  tell({ ended: reason, byUser });
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Waits for its turn among all tabs. Over plain HTTP browsers have no locks, so that it waits for those of this tab
 * only: two tabs that spend the same refresh token there end the session.
 */
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (isSecureContext) return navigator.locks.request(NAME, work);
  const result = turn.then(work);
  turn = result.catch(() => undefined);
  return result;
}

/** One tab at a time spends the refresh token, which can be used once; the others take what it got. */
function refresh(expired: string | undefined): Promise<string | null> {
  return inTurn(async () => {
    stored = read();
    if (stored === null) return null;
    if (accessToken !== null && accessToken !== expired) return accessToken;
    const { refreshToken } = stored;
    const response = await fetch(`${API_URL}/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    });
    if (response.ok) {
      keep((await response.json()) as Tokens);
      return accessToken;
    }
    const refusal = await Refusal.of(response);
    if (response.status !== 401 && response.status !== 403) throw refusal;
    end(refusal.message, { byUser: false });
    return null;
  });
}

/**
 * The access token of the user, null where nobody is signed in.
 * @param expired a token that the API has refused as expired: another one is wanted
 */
export const accessTokenOf = (expired?: string): Promise<string | null> =>
  stored === null || (accessToken !== null && accessToken !== expired) ? Promise.resolve(accessToken) : refresh(expired);

const authorisedFetch = createAuthorisedFetch({ accessToken: accessTokenOf });

/** `fetch` as the user who is signed in. What ends the session signs the page out. */
export const fetchSignedIn: typeof fetch = async (input, init) => {
  const response = await authorisedFetch(input, init);
  if (response.status === 401 && stored !== null) {
    const { code, message } = await Refusal.of(response.clone());
    if (['session_ended', 'account_disabled', 'invalid_token'].includes(code)) end(message, { byUser: false });
  }
  return response;
};

export const session = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** The user who is signed in. */
  user: (): User | null => stored?.user ?? null,
  /** Says why the last session ended. */
  endedBecause: (): string => endedBecause,
  begin: keep,
  /** The user has ended the session. */
  end: (reason: string): void => {
    end(reason, { byUser: true });
  },
  /** The user has changed. */
  update: (user: User): void => {
    if (stored === null || accessToken === null) return;
    localStorage.setItem(NAME, JSON.stringify({ ...stored, user }));
    tell({ accessToken });
  },
};
