import { matchesIn, toQuery, toVector, searchTermsOf, wordsOf } from './words.js';

const termsOf = (text: string) => wordsOf(text).map(({ term }) => term);
const found = (text: string, query: string) => {
  const terms = searchTermsOf(query);
  return terms ? matchesIn(text, terms).map(({ start, end }) => text.slice(start, end)) : null;
};

describe('The words of a text', () => {
  it.each([
    ['Hello, WORLD!', ['hello', 'world']],
    ['“naïve” cafés — Zürich', ['naive', 'cafes', 'zurich']],
    ['don’t foo_bar a.b@c 3.14', ['don', 't', 'foo', 'bar', 'a', 'b', 'c', '3', '14']],
    ['ＦＵＬＬ width', ['full', 'width']],
    ['Привет, Ёлка', ['привет', 'елка']],
    ['हिन्दी में', ['हिन्दी', 'मे']],
    ['我喜欢京都。', ['我喜', '喜欢', '欢京', '京都', '都']],
    ['iPhoneを買う', ['iphone', 'を買', '買う', 'う']],
    ['ｶﾞｷﾞ', ['ガギ', 'ギ']],
    ['서울에', ['서울', '울에', '에']],
    ['!? \u0301 \u200d', []],
    ['STRAẞE Straße', ['strasse', 'strasse']],
    ['ŁÓDŹ, Ærø; ıI İi đ', ['lodz', 'aero', 'ii', 'ii', 'd']],
    ['ΟΔΌΣ οδός', ['οδοσ', 'οδοσ']],
    ['ﬁne ⓗⓔⓛⓛⓞ 𝒮𝓅𝑒𝓁𝓁 Ⅻ x²', ['fine', 'hello', 'spell', 'xii', 'x2']],
    ['שָׁלוֹם', ['שלום']],
    ['مُحَمَّـد أحمد آخر مؤمن شئون', ['محمد', 'احمد', 'اخر', 'مومن', 'شيون']],
    ['علی على مدرسة کتاب ٱلله', ['علي', 'علي', 'مدرسه', 'كتاب', 'الله']],
    ['می\u200cخواهم', ['ميخواهم']],
    ['ज़मीन क्या', ['जमीन', 'क्या']],
    ['น้ำ นา', ['นํา', 'ํา', 'นา', 'า']],
    ['zu\u00adsammen\u2060ge\u200bsetzt \u202babc\u202c', ['zusammengesetzt', 'abc']],
    ['١٢٣ ۴۵ ４５', ['123', '45', '45']],
    ['서울'.normalize('NFD'), ['서울', '울']],
    ['我\u200b喜\ufe00欢', ['我喜', '喜欢', '欢']],
    ['か\u3099き', ['がき', 'き']],
    ['x👍🏽y ❤\ufe0f 🇩🇪🇫🇷', ['x', '👍', 'y', '❤', '🇩🇪', '🇫🇷']],
    ['👩🏽‍💻', ['👩', '💻']],
    ['', []],
  ])('%j', (text, terms) => {
    expect(termsOf(text)).toEqual(terms);
  });

  it('know where they stand, in UTF-16', () => {
    expect(wordsOf('🙂 É🙂x')).toEqual([
      { term: '🙂', start: 0, end: 2 },
      { term: 'e', start: 3, end: 4 },
      { term: '🙂', start: 4, end: 6 },
      { term: 'x', start: 6, end: 7 },
    ]);
  });

  it('are folded alike however Unicode can write them', () => {
    const written = ['Ångström’s Straße', 'Việt Nam', 'ελληνικά', 'Ёлка', '서울', 'がぎ', 'क़लम', 'שָׁלוֹם', 'أحمد'];
    for (const text of written) {
      const forms = (['NFC', 'NFD', 'NFKC', 'NFKD'] as const).map((form) => text.normalize(form));
      for (const form of [...forms, ...forms.map((each) => each.toUpperCase())]) expect(termsOf(form)).toEqual(termsOf(text));
    }
  });

  it('show the whole of what they were made of', () => {
    const cut = (text: string) => wordsOf(text).map(({ start, end }) => text.slice(start, end));
    expect(cut('e\u0301te\u0301, zu\u00adsammen\u200f.')).toEqual(['e\u0301te\u0301', 'zu\u00adsammen']);
    expect(cut('ok 👩🏽‍💻❤\ufe0f')).toEqual(['ok', '👩🏽‍💻', '👩🏽‍💻', '❤\ufe0f']);
    expect(cut('ﷲ ＡＢ')).toEqual(['ﷲ', 'ＡＢ']);
  });

  it('are cut where they are no words any more', () => {
    expect(termsOf('x'.repeat(5_000))).toEqual(['x'.repeat(64)]);
    expect(termsOf('é我'.repeat(1_000_000))).toHaveLength(200_000);
    expect(termsOf('x'.repeat(20_000_000))).toEqual(['x'.repeat(64)]);
    expect(termsOf('我'.repeat(1_000_000))).toHaveLength(200_000);
    expect(termsOf('𝒳'.repeat(100))).toEqual(['x'.repeat(64)]);
    expect(termsOf('x' + '\u0301\u0316'.repeat(99_000))).toEqual(['x']);
    expect(termsOf('𐐨'.repeat(100))).toEqual(['𐐨'.repeat(32)]);
  });
});

describe('What is looked for', () => {
  it.each([
    ['The temples of Kyoto', 'kyo', ['Kyoto']],
    ['The temples of Kyoto', 'KYOTO temple', ['temples', 'Kyoto']],
    ['The temples of Kyoto', 'kyoto TEMPL', ['temples', 'Kyoto']],
    ['我喜欢京都的寺庙', '京都', ['京都']],
    ['我喜欢京都的寺庙', '喜欢京都', ['喜欢', '欢京', '京都']],
    ['我喜欢京都', '都', ['都']],
    ['Die Straße', 'STRASSE', ['Straße']],
    ['nice 👍🏽!', '👍', ['👍🏽']],
    ['by a 👩‍💻', '👩‍💻', ['👩‍💻', '👩‍💻']],
    ['قال مُحَمَّد', 'محمد', ['مُحَمَّد']],
    ['a b', '"\'\\ :*&|!()<->', null],
  ])('in %j: %j', (text, query, places) => {
    expect(found(text, query)).toEqual(places);
  });

  it('is a query of PostgreSQL, with a mark before each term', () => {
    expect(searchTermsOf('kyoto 京都 tem')).toEqual({ terms: ['kyoto', '京都'], prefix: 'tem' });
    expect(toQuery({ terms: ['kyoto', '京都'], prefix: 'tem' })).toBe(`'~kyoto' & '~京都' & '~tem':*`);
    expect(searchTermsOf('👩‍💻')).toEqual({ terms: ['👩'], prefix: '💻' });
    expect(searchTermsOf('kyoto kyoto')).toEqual({ terms: [], prefix: 'kyoto' });
  });
});

describe('A vector', () => {
  it('holds each word once, with its places', () => {
    expect(toVector('The cat, the dog')).toBe(`'~the':1,3 '~cat':2 '~dog':4`);
    expect(toVector('…')).toBeNull();
  });

  it('stays within what PostgreSQL takes, of any text', () => {
    const long = Array.from({ length: 30_000 }, (_, i) => `${'я'.repeat(58)}${i}`).join(' ');
    const vector = toVector(long) ?? '';
    expect(Buffer.byteLength(vector)).toBeLessThan(1_048_575);
    expect(vector.split(' ').length).toBeGreaterThan(3_000);
    const often = toVector('again '.repeat(1_000)) ?? '';
    expect(often.split(',')).toHaveLength(255);
  });
});
