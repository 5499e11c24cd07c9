export interface TokenSource {
  /**
   * The access token, or null where nobody is signed in.
   * @param expired a token that the API has refused as expired: another one is wanted
   */
  readonly accessToken: (expired?: string) => Promise<string | null>;
}

/** `fetch` with the access token. A request whose token has expired is sent again with another one. */
export const createAuthorisedFetch =
  ({ accessToken }: TokenSource): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init);
    const send = (token: string | null) => {
      const copy = request.clone();
      if (token !== null) copy.headers.set('authorization', `Bearer ${token}`);
      return fetch(copy);
    };
    const token = await accessToken();
    const response = await send(token);
    if (response.status !== 401 || token === null) return response;
    const { code } = (await response.clone().json()) as { code: string };
    return code === 'token_expired' ? send(await accessToken(token)) : response;
  };
