import { foldText } from './fold-text.js';

describe('Folded text', () => {
  it.each([
    ['plain ASCII, 1-2', 'plain ascii, 1-2'],
    ['STRAẞE, Straße', 'strasse, strasse'],
    ['Łódź, ØRE, Đặng, Œuvre, Þór, İi Iı, ŋ', 'lodz, ore, dang, oeuvre, thor, ii ii, n'],
    ['Οδός ΟΔΟΣ', 'οδοσ οδοσ'],
    ['Ёжик Їжак ґанок', 'ежик іжак ганок'],
    ['ﬁ Ａｂ ⓐ 𝒜 Ⅻ ²', 'fi ab a a xii 2'],
    ['שָׁלוֹם', 'שלום'],
    ['أإآٱ ؤئ ىی ک ة مـد', 'اااا وي يي ك ه مد'],
    ['ज़ क्या कि', 'ज क्या कि'],
    ['ก่ กำ กา', 'ก กํา กา'],
    ['がか ﾊﾞﾊ', 'がか バハ'],
    ['a\u200bb\u00adc\u200dd\u2066e\ufe0f', 'abcde'],
    ['👍🏽 ❤\ufe0f', '👍 ❤'],
    ['٣ ۴ ५ ５', '3 4 5 5'],
  ])('%j is %j', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it('is the same of every character in either case and every form, and of what is folded', () => {
    /** An iota subscript is a mark; its upper case is the letter. */
    const hasIotaSubscript = (text: string) => text.normalize('NFD').includes('\u0345');
    const different: string[] = [];
    for (let codePoint = 0; codePoint < 0x2_0000; codePoint += 1) {
      const character = String.fromCodePoint(codePoint);
      if (!/[\p{L}\p{M}\p{N}\p{S}]/u.test(character) || hasIotaSubscript(character)) continue;
      const folded = foldText(character);
      const forms = [character.toUpperCase(), character.toLowerCase(), character.normalize('NFD'), character.normalize('NFKC'), folded];
      if (forms.some((form) => foldText(form) !== folded)) different.push(`U+${codePoint.toString(16)} ${character}`);
    }
    expect(different).toEqual([]);
  });
});
