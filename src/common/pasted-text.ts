/**
 * Converts a short text that a user has pasted, such as a number or a code, to its plain form: compatibility forms
 * (full-width letters and signs) folded, decimal digits of any script as ASCII digits, format characters removed, no
 * blanks around it.
 */
export const toPlainText = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/(?![0-9])\p{Nd}/gu, toAsciiDigit)
    .replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

/** The same as `toPlainText`, without the blanks and dashes that group the digits of a code. */
export const toPlainCode = (text: string): string => toPlainText(text).replace(/[\p{White_Space}\p{Pd}\u2212]/gu, '');

const DIGIT = /^\p{Nd}$/u;

/** Unicode encodes the decimal digits of a script as ten consecutive code points, so a digit's value is its offset. */
function toAsciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0;
  let first = codePoint;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((codePoint - first) % 10);
}
