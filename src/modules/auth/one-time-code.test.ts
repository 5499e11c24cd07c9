import { newId } from '../../common/ids.js';
import { codeKeyFrom, codeOf, isCodeOf } from './one-time-code.js';

const key = codeKeyFrom('a secret of the tests, of no use elsewhere');

describe('one-time codes', () => {
  it('are six digits, the same for the same challenge and key', () => {
    const id = newId();
    expect(codeOf(id, key)).toMatch(/^\d{6}$/);
    expect(codeOf(id, key)).toBe(codeOf(id, codeKeyFrom('a secret of the tests, of no use elsewhere')));
  });

  it('differ from challenge to challenge and from key to key', () => {
    const ids = Array.from({ length: 1_000 }, newId);
    expect(new Set(ids.map((id) => codeOf(id, key))).size).toBeGreaterThan(990);
    const other = codeKeyFrom('another secret of the tests, as useless');
    expect(ids.filter((id) => codeOf(id, key) === codeOf(id, other)).length).toBeLessThan(5);
  });

  it('are recognised whole only', () => {
    const id = newId();
    const code = codeOf(id, key);
    expect(isCodeOf(id, code, key)).toBe(true);
    expect(isCodeOf(id, code.slice(0, 5), key)).toBe(false);
    expect(isCodeOf(newId(), code, key)).toBe(false);
    expect(isCodeOf(id, '', key)).toBe(false);
  });
});
