interface PageResponse {
  readonly ok: boolean;
  readonly url: string;
  readonly text: string;
}

interface Authorization {
  readonly schema: { readonly type: 'http'; readonly scheme: 'bearer' };
  readonly value: string;
}

/** The page of Swagger UI, which holds the user interface in `ui`. */
declare const window: {
  readonly ui: { readonly authActions: { authorizeWithPersistOption(authorizations: Readonly<Record<string, Authorization>>): void } };
};

/**
 * Signs the page of Swagger UI in when a sign-in was executed on it, also for when it is loaded again. It runs in the
 * browser, which gets its source text, so it uses nothing of this module.
 */
export function keepToken(response: PageResponse): PageResponse {
  if (response.ok && /\/auth\/(login|verify-otp|refresh)$/.test(response.url)) {
    const value = (JSON.parse(response.text) as { access_token: string }).access_token;
    window.ui.authActions.authorizeWithPersistOption({ bearer: { schema: { type: 'http', scheme: 'bearer' }, value } });
  }
  return response;
}
