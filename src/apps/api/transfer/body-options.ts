/** The limit of a body in bytes, where the route declares none. */
export const BODY_LIMIT = 512 * 1024;

export interface BodyOptions {
  /** The limit in bytes. */
  readonly bodyLimit?: number;
  /** The handler gets the bytes as `rawBody` and reads them itself. */
  readonly readsBody?: boolean;
  /** The handler reads the body as it arrives. */
  readonly streamsBody?: boolean;
}

/** The options that a route declares about its body with `@RouteConfig`. */
export const bodyOptionsOf = ({ config }: { config?: unknown }): BodyOptions => config ?? {};
