import { MalformedJsonError } from './errors/common.errors.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a body says; undefined for an empty one. @throws MalformedJsonError also for bytes that are no UTF-8 */
export function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? undefined : JSON.parse(utf8.decode(body));
  } catch {
    throw new MalformedJsonError();
  }
}
