/**
 * Characters without a visible glyph: blanks, controls, format characters, variation selectors and fillers, and those
 * that Unicode calls letters or symbols although their glyph is empty (the blank pattern of Braille, the null notehead,
 * the blanks of hieroglyphs).
 */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13441}\u{13442}]*$/u;

/** True for text with at least one visible character. */
export const hasVisibleText = (text: string): boolean => !INVISIBLE.test(text);

/** Removes trailing blanks and leading empty lines. The indentation of the first line stays, because it may be code. */
export const trimLines = (text: string): string => text.trimEnd().replace(/^\s*[\n\r\u2028\u2029]/, '');
