import type { FieldError } from '../errors/common.errors.js';

const MAX_DEPTH = 32;

/** Names that class-transformer passes over silently, so that no later check would refuse them. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor']);

/**
 * Looks through a decoded body or query for what must never reach a validator or PostgreSQL: NUL characters (no `text` can hold one), lone
 * surrogates (no UTF-8 can) and nesting so deep that recursive code would overflow. Iterative, so it cannot overflow itself.
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
      if (item.depth === MAX_DEPTH) {
        found.push({ field: item.path.slice(0, 100), message: `must not be nested deeper than ${MAX_DEPTH} levels` });
        break;
      }
      for (const [key, child] of Object.entries(item.value)) {
        const reason = RESERVED_NAMES.has(key) ? 'must not be __proto__ or constructor' : unsafe(key);
        if (reason) found.push({ field: item.path, message: `a field name ${reason}` });
        else queue.push({ value: child, path: item.path ? `${item.path}.${key}` : key, depth: item.depth + 1 });
      }
    }
  }
  return found;
}

function unsafe(text: string): string | null {
  if (text.includes('\0')) return 'must not contain NUL characters';
  if (!text.isWellFormed()) return 'must not contain lone surrogates';
  return null;
}
