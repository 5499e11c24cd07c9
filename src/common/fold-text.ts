/**
 * Characters that are invisible inside a word: joiners, soft hyphens, bidi marks, variation selectors. The tatweel only
 * stretches Arabic words. Skin tones modify an emoji.
 */
const UNWRITTEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\u0640]/gu;

/**
 * Letters that Unicode does not decompose, after the letter that is typed or written for them. Latin follows CLDR's
 * transform Latin-ASCII for the alphabets in use, Arabic follows the normalizers of Lucene for Arabic and Persian
 * (hamza on a letter is a mark and needs no entry).
 */
const VARIANTS = [
  'ae:æ b:ƀƃɓ c:ƈȼ d:ðđƌɖɗ e:əǝɇɛ f:ƒ g:ǥɠɡ h:ħ i:ıɨɩ j:ȷɉ k:ƙ l:łƚɫ n:ŋƞɲ o:øɔɵ oe:œ p:ƥ q:ĸ r:ɍɽ t:ŧƫƭʈ th:þ u:ʉ v:ʋ y:ƴɏ z:ƶȥ',
  'г:ґ σ:ς ا:ٱٲٳ ي:ىیے ك:کڪ ه:ةہە',
].join(' ');
const LETTERS = new Map(
  VARIANTS.split(' ').flatMap((entry) => {
    const [letter = '', variants = ''] = entry.split(':');
    return Array.from(variants, (variant) => [variant, letter] as const);
  }),
);
const LETTER_VARIANT = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'gu');

/**
 * The root order of the Unicode Collation Algorithm, on its first level, which compares letters without their marks.
 */
const collator = new Intl.Collator('en', { sensitivity: 'base' });
/**
 * Marks of the second level that make another word all the same: the voicing of kana, and the nikhahit, which NFKD
 * makes of the Thai and Lao vowel am.
 */
const DISTINCTIVE = /[\u3099\u309a\u0e4d\u0ecd]/;
const secondary = new Map<string, boolean>();

/**
 * Folds a text for search: texts that a reader takes for the same fold alike. Compatibility forms and full
 * case folding are Unicode's. Marks that the Unicode Collation Algorithm compares after all letters are dropped
 * (accents, vowel points, tones, hamza, nukta); vowel signs and viramas stay. Characters that are invisible inside a
 * word are dropped, and decimal digits of every script become those of ASCII.
 */
export function foldText(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  return (
    text
      .normalize('NFKD')
      .replace(UNWRITTEN, '')
      .replace(/\p{M}/gu, (mark) => (isSecondary(mark) ? '' : mark))
      // Lower case first: ẞ has no upper case. The upper case of ß is SS, of ı it is I, and of every sigma Σ.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replace(LETTER_VARIANT, (variant) => LETTERS.get(variant) ?? variant)
      .replace(/(?![0-9])\p{Nd}/gu, digitOf)
      .normalize('NFKC')
  );
}

function isSecondary(mark: string): boolean {
  let known = secondary.get(mark);
  if (known === undefined) {
    known = !DISTINCTIVE.test(mark) && collator.compare(`a${mark}`, 'a') === 0;
    secondary.set(mark, known);
  }
  return known;
}

/** Unicode encodes decimal digits in runs of ten, from zero. */
function digitOf(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(codePoint - value - 1))) value += 1;
  return String(value);
}
