/** The API is where the page comes from; that of Vite's dev server is at the usual port of the same host. */
export const API_URL =
  (import.meta.env['VITE_API_URL'] as string | undefined) ?? (import.meta.env.DEV ? `http://${location.hostname}:3000` : location.origin);
