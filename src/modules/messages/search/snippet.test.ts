import { snippetOf } from './snippet.js';
import { searchTermsOf } from './words.js';

const snippet = (text: string, query: string) => {
  const terms = searchTermsOf(query);
  if (!terms) throw new Error('a query without words');
  const { text: shown, highlights } = snippetOf(text, terms);
  return { shown, marked: highlights.map(([start, end]) => shown.slice(start, end)) };
};

describe('A snippet', () => {
  it('is the whole of a short text, with every word marked', () => {
    expect(snippet('Kyoto, then\nkyoto again', 'kyoto')).toEqual({ shown: 'Kyoto, then kyoto again', marked: ['Kyoto', 'kyoto'] });
  });

  it('joins the pairs of a script without spaces', () => {
    expect(snippet('我喜欢京都的寺庙', '喜欢京都').marked).toEqual(['喜欢京都']);
  });

  it('shows the place with the most of the words, cut at words', () => {
    const filler = 'some words that nobody looks for '.repeat(20);
    const { shown, marked } = snippet(`temple ${filler} the golden temple of Kyoto ${filler} Kyoto`, 'temple golden kyoto');
    expect(marked).toEqual(['golden', 'temple', 'Kyoto']);
    expect(shown).toMatch(/^…(?:some|words|that|nobody|looks|for|the) .*…$/);
    expect(shown.length).toBeLessThanOrEqual(202);
  });

  it('parts no character', () => {
    for (let shift = 0; shift < 4; shift += 1) {
      const { shown, marked } = snippet(`${'x'.repeat(shift)}${'🙂'.repeat(300)}needle${'🙂'.repeat(300)}`, 'needle');
      expect(shown.isWellFormed()).toBe(true);
      expect(marked).toEqual(['needle']);
    }
  });

  it('is the beginning of a text that does not hold the words', () => {
    expect(snippet('nothing here', 'kyoto')).toEqual({ shown: 'nothing here', marked: [] });
  });
});
