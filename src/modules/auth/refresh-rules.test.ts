import { judgeRefresh } from './refresh-rules.js';

const hash = (text: string) => Buffer.from(text);
const session = { hash: hash('a'), successorHash: hash('b'), currentHash: hash('b'), spentHash: hash('a'), isSpentRecently: true };

describe('judgeRefresh', () => {
  it('rotates the current token', () => {
    expect(judgeRefresh({ ...session, currentHash: hash('a'), spentHash: null, isSpentRecently: false })).toBe('rotate');
  });

  it('answers again while the spent token is fresh and its successor unused', () => {
    expect(judgeRefresh(session)).toBe('repeat');
  });

  it('sees reuse in a token that was spent too long ago', () => {
    expect(judgeRefresh({ ...session, isSpentRecently: false })).toBe('reuse');
  });

  it('sees reuse in a token whose successor was used, however fresh', () => {
    expect(judgeRefresh({ ...session, currentHash: hash('c'), spentHash: hash('b') })).toBe('reuse');
  });
});
