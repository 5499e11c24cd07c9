import { MAX_JSON_DEPTH } from '../json.js';
import type { FieldError } from '../errors/common.errors.js';

/** More than any documented object has. Checking and naming tens of thousands of unknown fields would take seconds. */
const MAX_FIELDS = 100;
const MAX_NAME_LENGTH = 100;
const MAX_PATH_LENGTH = 200;

/**
 * Names that every object has. class-transformer skips some, and class-validator takes the others for declared fields.
 */
const RESERVED_NAMES = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Searches a decoded body or query for values that must not reach a validator or PostgreSQL: NUL characters (no `text`
 * can hold one), lone surrogates (UTF-8 has none), names of Object.prototype, objects of too many fields, and nesting
 * so deep that recursive code would overflow. It is iterative, so that it cannot overflow itself.
 *
 * @returns the first offending fields, at most ten; empty for a clean value
 */
export function findUnsafeText(value: unknown): FieldError[] {
  const found: FieldError[] = [];
  const queue: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  for (let item = queue.pop(); item !== undefined && found.length < 10; item = queue.pop()) {
    if (typeof item.value === 'string') {
      const reason = unsafe(item.value);
      if (reason) found.push({ field: item.path, message: `${item.path || 'value'} ${reason}` });
    } else if (typeof item.value === 'object' && item.value !== null) {
      if (item.depth === MAX_JSON_DEPTH) {
        found.push({ field: item.path, message: `must not be nested deeper than ${MAX_JSON_DEPTH} levels` });
        break;
      }
      const fields = Object.entries(item.value);
      if (!Array.isArray(item.value) && fields.length > MAX_FIELDS) {
        found.push({ field: item.path, message: `must not have more than ${MAX_FIELDS} fields` });
        break;
      }
      for (const [key, child] of fields) {
        const path = (item.path ? `${item.path}.${key}` : key).slice(0, MAX_PATH_LENGTH);
        const reason = unsafeName(key);
        if (reason) found.push({ field: item.path, message: `a field name ${reason}` });
        else if (RESERVED_NAMES.has(key)) found.push({ field: path, message: `property ${key} should not exist` });
        else queue.push({ value: child, path, depth: item.depth + 1 });
      }
    }
  }
  return found;
}

function unsafeName(name: string): string | null {
  return name.length > MAX_NAME_LENGTH ? `must not be longer than ${MAX_NAME_LENGTH} characters` : unsafe(name);
}

function unsafe(text: string): string | null {
  if (text.includes('\0')) return 'must not contain NUL characters';
  if (!text.isWellFormed()) return 'must not contain lone surrogates';
  return null;
}
