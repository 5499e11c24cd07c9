/** In bytes, of a route that says nothing else. */
export const BODY_LIMIT = 512 * 1024;

export interface RouteWishes {
  /** In bytes. */
  readonly bodyLimit?: number;
  /** The handler gets the bytes as `rawBody` and reads them itself. */
  readonly readsBody?: boolean;
}

/** What a route says about its body with `@RouteConfig`. */
export const wishesOf = ({ config }: { config?: unknown }): RouteWishes => config ?? {};
