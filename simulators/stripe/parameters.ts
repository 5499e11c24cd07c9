import { z } from 'zod';
import { CURRENCIES, isCurrency } from './currencies.js';
import type { FormObject } from './form-encoding.js';
import { invalidRequest, type StripeError } from './stripe-error.js';

/** Schemas of parameters. Every value of a form is text; an empty one unsets what can be unset. */
export const text = z.string().min(1);
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);
const bounded = (least: number, most: number) =>
  integer.superRefine((value, context) => {
    const bound = value < least ? `greater than or equal to ${least}` : value > most ? `less than or equal to ${most}` : undefined;
    if (bound !== undefined)
      context.addIssue({
        code: 'custom',
        params: { code: 'parameter_invalid_integer', message: `This value must be ${bound}.` },
      });
  });
export const positive = bounded(1, 999_999);
/**
 * An amount in the smallest unit of its currency, of at most eight digits.
 * https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
 */
export const amount = bounded(0, 99_999_999);
/** Unix seconds. */
export const timestamp = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number);
export const webAddress = z
  .string()
  .max(5000)
  .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), { params: { code: 'url_invalid', message: 'Not a valid URL' } });
export const currency = z.string().transform((value, context) => {
  const code = value.toLowerCase();
  if (isCurrency(code)) return code;
  const message = `Invalid currency: ${code}. Stripe currently supports these currencies: ${CURRENCIES.join(', ')}`;
  context.addIssue({ code: 'custom', params: { code: 'parameter_invalid_currency', message } });
  return z.NEVER;
});
/** https://docs.stripe.com/js/appendix/supported_locales, as far as the hosted pages have them. */
export const locale = z.enum([
  ...(['auto', 'bg', 'cs', 'da', 'de', 'el', 'en', 'en-GB', 'es', 'es-419', 'et', 'fi', 'fil', 'fr', 'fr-CA', 'hr', 'hu'] as const),
  ...(['id', 'it', 'ja', 'ko', 'lt', 'lv', 'ms', 'mt', 'nb', 'nl', 'pl', 'pt', 'pt-BR', 'ro', 'ru', 'sk', 'sl', 'sv'] as const),
  ...(['th', 'tr', 'vi', 'zh', 'zh-HK', 'zh-TW'] as const),
]);
export const email = z
  .string()
  .max(512)
  .superRefine((value, context) => {
    if (/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value)) return;
    context.addIssue({ code: 'custom', params: { code: 'email_invalid', message: `Invalid email address: ${value}` } });
  });
/** New pairs are added to the old ones; an empty value removes its key, an empty whole removes all. */
export const metadata = z.union([
  z.literal(''),
  z.record(z.string(), z.string()).superRefine((pairs, context) => {
    const problem = metadataProblem(pairs);
    if (problem !== undefined) context.addIssue({ code: 'custom', params: { message: problem } });
  }),
]);

/** https://docs.stripe.com/metadata#data */
function metadataProblem(pairs: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(pairs);
  if (entries.length > 50) return `Metadata can have up to 50 keys, but you passed ${entries.length}.`;
  for (const [key, value] of entries) {
    if (key.length > 40) return `Metadata keys can have up to 40 characters: "${key}" has ${key.length}.`;
    if (value.length > 500)
      return `Metadata values can have up to 500 characters, but you passed in a value that is ${value.length} characters. Invalid value: ${value.slice(0, 20)}…`;
  }
  return undefined;
}

export const unsettable = <T extends z.ZodType>(inner: T) => z.union([z.literal('').transform(() => null), inner]);
export const address = z.strictObject({
  city: z.string().optional(),
  country: z.string().optional(),
  line1: z.string().optional(),
  line2: z.string().optional(),
  postal_code: z.string().optional(),
  state: z.string().optional(),
});
const range = z.strictObject({ gt: timestamp.optional(), gte: timestamp.optional(), lt: timestamp.optional(), lte: timestamp.optional() });
export const createdFilter = z.union([timestamp, range]);
export const paging = {
  limit: integer.optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
  created: createdFilter.optional(),
};

/** The JSON body of a control. @throws StripeError 400 */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body ?? {});
  if (!result.success) throw invalidRequest(z.prettifyError(result.error));
  return result.data;
}

/**
 * @throws StripeError 400 in the words that Stripe has for a parameter that is unknown, missing or of the wrong kind.
 */
export function readParameters<T extends z.ZodType>(schema: T, form: FormObject): z.output<T> {
  const result = schema.safeParse(form);
  if (result.success) return result.data;
  throw toStripeError(result.error.issues, form);
}

const paramName = (path: readonly PropertyKey[]): string =>
  path.map((part, depth) => (depth === 0 ? String(part) : `[${String(part)}]`)).join('');

function toStripeError(issues: readonly z.core.$ZodIssue[], form: FormObject): StripeError {
  const issue = issues[0];
  if (issue === undefined) return invalidRequest('Invalid request.');
  const param = paramName(issue.path);
  const given = valueAt(form, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const unknown = paramName([...issue.path, issue.keys[0] ?? '']);
    return invalidRequest(`Received unknown parameter: ${unknown}`, { code: 'parameter_unknown', param: unknown });
  }
  if (given === undefined) return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  if (given === '')
    return invalidRequest(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      { code: 'parameter_invalid_empty', param },
    );
  if (issue.code === 'invalid_union') {
    const nested = issue.errors.find((errors) =>
      errors.some((one) => one.path.length > 0 || one.code === 'unrecognized_keys' || one.code === 'custom'),
    );
    if (nested !== undefined)
      return toStripeError(
        nested.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
        form,
      );
  }
  if (issue.code === 'custom' && typeof issue.params?.['message'] === 'string') {
    const code: unknown = issue.params['code'];
    return invalidRequest(issue.params['message'], { ...(typeof code === 'string' ? { code } : {}), param });
  }
  const shown = typeof given === 'string' ? given : JSON.stringify(given);
  if (issue.code === 'invalid_format') return invalidRequest(`Invalid integer: ${shown}`, { code: 'parameter_invalid_integer', param });
  if (issue.code === 'invalid_value')
    return invalidRequest(`Invalid ${param}: must be one of ${issue.values.map(String).join(', ')}`, { param });
  if (issue.code === 'invalid_type' && issue.expected === 'object') return invalidRequest('Invalid object', { param });
  if (issue.code === 'invalid_type' && issue.expected === 'array') return invalidRequest('Invalid array', { param });
  return invalidRequest(`Invalid ${param}: ${shown}`, { param });
}

function valueAt(form: FormObject, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined), form);
}

/** Returns the metadata after a request that brings `change`. */
export function mergeMetadata(old: Record<string, string>, change: z.output<typeof metadata> | undefined): Record<string, string> {
  if (change === undefined) return old;
  if (change === '') return {};
  return Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value !== ''));
}

/** Drops the keys that hold undefined: what a request did not name stays as it is. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
