import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { toPlainText } from '../../common/pasted-text.js';

/** Characters that group the digits of a number. */
const SEPARATORS = /[\p{White_Space}\p{Pd}\p{Ps}\p{Pe}\u2212<>./~·]/gu;

const DIGITS = /^\+?[0-9]{4,20}$/;
const E164 = /^\+[1-9][0-9]{6,14}$/;

/**
 * Mobile numbers that have two spellings, the canonical one first. The function `other_spelling` of the database has
 * the same rules.
 * - Argentina: 9 after the country code of a mobile number.
 * - Brazil: the ninth digit of mobile numbers, added from 2012 to 2016.
 * - Mexico: 1 after the country code of a mobile number, and the prefixes of national calls (01, 044, 045), abolished
 *   in 2019 and 2020.
 */
const SPELLINGS: readonly { readonly pattern: RegExp; readonly forms: readonly [string, string] }[] = [
  { pattern: /^\+549?([1-3]\d{9})$/, forms: ['+549$1', '+54$1'] },
  { pattern: /^\+55(\d{2})9?([6-9]\d{7})$/, forms: ['+55$19$2', '+55$1$2'] },
  { pattern: /^\+52(?:1|01|04[45])?(\d{10})$/, forms: ['+52$1', '+521$1'] },
];

/** Every spelling under which a number in E.164 may be stored, the canonical one first. */
export function spellingsOf(number: string): readonly [string, ...string[]] {
  const rule = SPELLINGS.find(({ pattern }) => pattern.test(number));
  if (!rule) return [number];
  const [canonical, other] = rule.forms;
  return [number.replace(rule.pattern, canonical), number.replace(rule.pattern, other)];
}

/** The form in E.164 that numbers are stored and counted under. */
export const canonicalNumber = (number: string): string => spellingsOf(number)[0];

/**
 * A number in its canonical form; null for a text that is not a number. The number has to be possible, not valid: an
 * account can be found by a number that the library's metadata does not know.
 *
 * @param region the country (ISO 3166-1 alpha-2) of numbers without a country code; they are refused when it is
 * undefined
 */
export function parseMobileNumber(text: string, region: string | undefined): string | null {
  const typed = readNumber(text, region);
  return typed === null ? null : canonicalNumber(typed);
}

/**
 * Every spelling of the number, the typed one first; empty for a text that is not a number. See `parseMobileNumber`.
 */
export function parseSpellings(text: string, region: string | undefined): readonly string[] {
  const typed = readNumber(text, region);
  if (typed === null) return [];
  const spellings = spellingsOf(typed);
  return spellings.includes(typed) ? [typed, ...spellings.filter((spelling) => spelling !== typed)] : spellings;
}

/**
 * Whether codes are sent to numbers of this number's country.
 *
 * @param countries ISO 3166-1 alpha-2; empty for all
 */
export function isServedNumber(number: string, countries: readonly string[]): boolean {
  if (countries.length === 0) return true;
  const country = parsePhoneNumberFromString(number)?.country;
  return country !== undefined && countries.includes(country);
}

/**
 * Whether a number can be a person's mobile number. Fixed lines, pagers, premium, shared-cost, toll-free, personal and
 * VoIP numbers cannot, and neither can satellite and other networks without a country.
 */
export function canBeMobile(number: string): boolean {
  const parsed = parsePhoneNumberFromString(number);
  const type = parsed?.getType();
  return parsed?.country !== undefined && (type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE');
}

/** The number in E.164 in the spelling that was typed; null for a text that is not a number. */
function readNumber(text: string, region: string | undefined): string | null {
  const digits = toPlainText(text).replace(/^tel:/i, '').replace(SEPARATORS, '');
  if (!DIGITS.test(digits)) return null;
  const parsed = parsePhoneNumberFromString(digits, {
    extract: false,
    ...(region === undefined ? {} : { defaultCountry: region as CountryCode }),
  });
  if (!parsed || parsed.ext !== undefined) return null;
  const canonical = canonicalNumber(parsed.number);
  return E164.test(canonical) && parsePhoneNumberFromString(canonical)?.isPossible() ? parsed.number : null;
}
