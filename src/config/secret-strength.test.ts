import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { weaknessOf } from './secret-strength.js';

test.each([
  'a'.repeat(32),
  `${'a'.repeat(40)}b`,
  'abcd'.repeat(8),
  '12345678901234567890123456789012',
  '0123456789abcdef'.repeat(4),
  'abcdefghijklmnopqrstuvwxyz'.repeat(2),
  randomBytes(20).toString('base64url').repeat(2).slice(0, 54),
  'secret-secret-secret-secret-1234',
  'my secret key my secret key my secret key',
  'whsec_test',
])('%s repeats itself or is too short', (secret) => {
  expect(weaknessOf(secret)).toBe('repeats itself or is too short');
});

test.each([
  'only-for-a-look-at-the-system-set-JWT_SECRET-in-.env',
  'please-Change-Me-before-you-go-to-production-0123',
  'CHANGEME-4f9d1c7b2a8e6f3051',
  'whsec_simulated',
])('%s is a published placeholder', (secret) => {
  expect(weaknessOf(secret)).toBe('is a published placeholder');
});

test('what generators make is accepted', () => {
  const makers = [
    () => randomBytes(48).toString('base64'),
    () => randomBytes(24).toString('base64url'),
    () => randomBytes(16).toString('hex'),
    () => randomBytes(32).toString('hex'),
    () => Array.from({ length: 40 }, () => String(randomInt(10))).join(''),
    () => randomUUID(),
    () => `whsec_${randomBytes(24).toString('base64url')}`,
  ];
  for (const make of makers) {
    const refused = Array.from({ length: 500 }, make).filter((secret) => weaknessOf(secret) !== null);
    expect(refused).toEqual([]);
  }
});
