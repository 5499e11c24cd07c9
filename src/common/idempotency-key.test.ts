import { fingerprintOf, isIdempotencyKey } from './idempotency-key.js';

test('a fingerprint is blind to the order of fields and to nothing else', () => {
  const first = fingerprintOf({ a: 1, b: { c: [1, 2], d: null } });
  expect(fingerprintOf({ b: { d: null, c: [1, 2] }, a: 1 })).toEqual(first);
  for (const other of [
    { a: 1, b: { c: [2, 1], d: null } },
    { a: '1', b: { c: [1, 2], d: null } },
    { a: 1, b: { c: [1, 2] } },
    undefined,
    null,
    [],
    {},
  ]) {
    expect(fingerprintOf(other)).not.toEqual(first);
  }
  expect(first).toHaveLength(32);
});

test('keys are 1 to 255 printable ASCII characters', () => {
  for (const key of ['a', ' ', '~', 'x'.repeat(255)]) expect(isIdempotencyKey(key)).toBe(true);
  for (const key of ['', 'x'.repeat(256), 'ä', '\n', 'a\u007f']) expect(isIdempotencyKey(key)).toBe(false);
});
