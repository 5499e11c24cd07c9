import { DATABASE_LOCKS, takeKeyedLock } from './locks.js';

test('no two advisory locks have the same number', () => {
  const numbers = Object.values(DATABASE_LOCKS);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('locks keep the numbers by which they exclude processes of the previous release', () => {
  expect(DATABASE_LOCKS).toMatchObject({
    migration: 7_164_201_953,
    localMode: 7_164_201_955,
    replySweep: 7_164_201_954,
    codeSweep: 7_164_201_957,
    billingSweep: 7_164_201_958,
    reconciliation: 7_164_201_959,
  });
});

test('a lock of a family is taken by the hash of its family and key', () => {
  expect(takeKeyedLock('queue', '$1')).toBe(`pg_advisory_xact_lock(hashtextextended('queue ' || $1, 0))`);
  expect(takeKeyedLock('mobileNumber', ':number')).toBe(`pg_advisory_xact_lock(hashtextextended('mobile number ' || :number, 0))`);
});
