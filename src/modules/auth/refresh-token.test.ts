import { randomBytes } from 'node:crypto';
import { newId } from '../../common/ids.js';
import { firstToken, hashOfToken, isOfFamily, parseRefreshToken, successorOf } from './refresh-token.js';

const key = randomBytes(32);
const sessionId = newId();

describe('refresh tokens', () => {
  it('are read back from their text', () => {
    const token = firstToken(sessionId, key);
    expect(parseRefreshToken(token.text)).toEqual(token);
    expect(token.sessionId).toBe(sessionId);
  });

  it('have one successor each, unlike them and unlike that of another token', () => {
    const token = firstToken(sessionId, key);
    expect(successorOf(token, key)).toEqual(successorOf(token, key));
    expect(hashOfToken(successorOf(token, key))).not.toEqual(hashOfToken(token));
    expect(successorOf(firstToken(sessionId, key), key)).not.toEqual(successorOf(token, key));
  });

  it('are recognised as of their family, made-up and foreign ones are not', () => {
    const token = firstToken(sessionId, key);
    expect(isOfFamily(token, key)).toBe(true);
    expect(isOfFamily(successorOf(token, key), key)).toBe(true);
    expect(isOfFamily(firstToken(sessionId, randomBytes(32)), key)).toBe(false);
  });

  it.each([[''], ['x'.repeat(86)], ['a'.repeat(85)], ['!'.repeat(86)], ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln']])(
    'are not read from %j',
    (text) => {
      expect(parseRefreshToken(text)).toBeNull();
    },
  );
});
