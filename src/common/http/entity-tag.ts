import { hash } from 'node:crypto';

interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface ResponseLike {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/**
 * Tags a response with the hash of its body.
 * @param body JSON text
 * @returns the body; nothing for a client that has it (304)
 */
export function tagged(request: RequestLike, response: ResponseLike, body: string): string | undefined {
  const tag = `"${hash('sha256', body, 'base64url').slice(0, 27)}"`;
  response.header('etag', tag);
  if (matchesTag(request.headers['if-none-match'], tag)) {
    response.status(304);
    return undefined;
  }
  response.header('content-type', 'application/json; charset=utf-8');
  return body;
}

/** RFC 9110, 13.1.2: a list of tags or `*`, compared weakly. */
export function matchesTag(header: string | string[] | undefined, tag: string): boolean {
  if (typeof header !== 'string') return false;
  if (header.trim() === '*') return true;
  return [...header.matchAll(/"[^"]*"/g)].some(([candidate]) => candidate === tag);
}
