import { z } from 'zod';
import { hasVisibleText } from '../../../common/visible-text.js';

/** Text that PostgreSQL accepts. Its length is in code points, as JSON Schema counts it. */
export const anyText = (min: number, max: number) => textOf(z.string(), min, max);

/** Text by the rules of sending: trimmed, with at least one visible character. */
export const sentText = (min: number, max: number, trim: (value: string) => string) => {
  const trimmed = z
    .string()
    .overwrite(trim)
    .refine((value) => value === '' || hasVisibleText(value), { message: 'must have visible characters' });
  return textOf(trimmed, min, max);
};

const textOf = (string: z.ZodString, min: number, max: number) =>
  string
    .refine((value) => !value.includes('\0'), { message: 'must not contain NUL characters' })
    .refine((value) => value.isWellFormed(), { message: 'must not contain lone surrogates' })
    .refine((value) => value.length <= max || (value.length <= 2 * max && Array.from(value).length <= max), {
      message: `must have at most ${max} characters`,
    })
    .refine((value) => value.length >= min, { message: `must have at least ${min} characters` })
    .meta({ minLength: min, maxLength: max });
