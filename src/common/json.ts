import { MalformedJsonError, ValidationFailedError } from './errors/common.errors.js';
import { JsonStructure } from './json-structure.js';

/** Most levels of nesting of a JSON body. */
export const MAX_JSON_DEPTH = 32;
/** Most members of all objects and lists of a body: far more than documented bodies have, and checked within 100 ms. */
const MAX_MEMBERS = 20_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a body; undefined for an empty one.
 *
 * @throws MalformedJsonError also for bytes that are not UTF-8
 * @throws ValidationFailedError for deep nesting and for very many members: parsing and checking them would block the
 *   event loop
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let members = 0;
  new JsonStructure({
    open: (_index, depth) => {
      if (depth > MAX_JSON_DEPTH) throw tooDeep(MAX_JSON_DEPTH);
    },
    separate: () => {
      members += 1;
      if (members >= MAX_MEMBERS)
        throw new ValidationFailedError([{ field: '', message: `must not have more than ${MAX_MEMBERS} members` }]);
    },
  }).scan(body, 0, body.length);
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new MalformedJsonError();
  }
}

export const tooDeep = (levels: number): ValidationFailedError =>
  new ValidationFailedError([{ field: '', message: `must not be nested deeper than ${levels} levels` }]);
