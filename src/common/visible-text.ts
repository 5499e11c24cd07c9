/**
 * Characters that show nothing: blanks, controls, format characters, variation selectors and fillers, and those that
 * Unicode calls letters or symbols although their glyph is empty (the blank pattern of Braille, the null notehead, the
 * blanks of hieroglyphs).
 */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13441}\u{13442}]*$/u;

/** True for text that shows a reader something. */
export const hasVisibleText = (text: string): boolean => !INVISIBLE.test(text);

/** Without trailing blanks and without empty lines before the first one, whose indentation stays: it may be of code. */
export const trimLines = (text: string): string => text.trimEnd().replace(/^\s*[\n\r\u2028\u2029]/, '');
