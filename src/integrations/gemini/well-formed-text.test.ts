import { WellFormedText } from './well-formed-text.js';

function join(...pieces: string[]): string[] {
  const text = new WellFormedText();
  return pieces.map((piece) => text.push(piece));
}

describe('WellFormedText', () => {
  test('leaves whole text alone', () => {
    expect(join('Zürich 👩‍💻', ' 你好')).toEqual(['Zürich 👩‍💻', ' 你好']);
  });

  test('joins a surrogate pair that was split between two pieces', () => {
    expect(join('a\ud83d', '\ude42b', 'c')).toEqual(['a', '🙂b', 'c']);
  });

  test('keeps the half over an empty piece', () => {
    expect(join('\ud83d', '', '\ude42')).toEqual(['', '', '🙂']);
  });

  test('replaces a half without its other half, and drops one at the very end', () => {
    expect(join('a\ud83d', 'b', '\ude42c', 'd\ud83d')).toEqual(['a', '\ufffdb', '\ufffdc', 'd']);
  });

  test('drops NUL, which PostgreSQL does not store, also between the halves of a pair', () => {
    expect(join('a\0b', '\ud83d\0', '\ude42')).toEqual(['ab', '', '🙂']);
  });
});
