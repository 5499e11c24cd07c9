import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';

/**
 * A number in E.164; null when the text is none.
 *
 * Possible rather than valid: national plans change faster than the library's metadata is updated here, and a code that does not arrive says
 * the rest.
 *
 * @param region country (ISO 3166-1 alpha-2) of numbers without a country code; without it those are refused
 */
export function parseMobileNumber(text: string, region: string | undefined): string | null {
  const parsed = parsePhoneNumberFromString(text, {
    extract: false,
    ...(region === undefined ? {} : { defaultCountry: region as CountryCode }),
  });
  if (!parsed?.isPossible() || parsed.ext !== undefined || !/^\+[1-9][0-9]{6,14}$/.test(parsed.number)) return null;
  return parsed.number;
}

/** Whether codes are sent to this number. @param countries ISO 3166-1 alpha-2; empty for all */
export function isServedNumber(number: string, countries: readonly string[]): boolean {
  if (countries.length === 0) return true;
  const country = parsePhoneNumberFromString(number)?.country;
  return country !== undefined && countries.includes(country);
}
