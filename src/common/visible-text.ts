/** Blanks, control characters and characters that have no shape of their own: format characters, variation selectors, fillers. */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]*$/u;

/** Whether a reader sees anything of a text. */
export const hasVisibleText = (text: string): boolean => !INVISIBLE.test(text);
