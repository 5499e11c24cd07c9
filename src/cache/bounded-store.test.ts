import { BoundedStore } from './bounded-store.js';

test('what was used longest ago goes first', () => {
  const store = new BoundedStore(30);
  store.set('a', 'x'.repeat(9));
  store.set('b', 'x'.repeat(9));
  store.set('c', 'x'.repeat(9));
  expect(store.get('a')).toBe('x'.repeat(9));
  store.set('d', 'x'.repeat(9));
  expect(store.get('b')).toBeUndefined();
  expect(['a', 'c', 'd'].map((key) => store.get(key)?.length)).toEqual([9, 9, 9]);
});

test('what begins alike is removed at once, and its room given back', () => {
  const store = new BoundedStore(30);
  for (const key of ['a:1', 'a:2', 'ab:1']) store.set(key, 'x'.repeat(5));
  store.deleteAll('a:');
  expect(['a:1', 'a:2', 'ab:1'].map((key) => store.get(key)?.length)).toEqual([undefined, undefined, 5]);
  store.set('c', 'x'.repeat(20));
  expect(store.get('ab:1')).toBe('xxxxx');
});

test('a value that is larger than the store is not kept, and room is given back', () => {
  const store = new BoundedStore(30);
  store.set('a', 'x'.repeat(40));
  expect(store.get('a')).toBeUndefined();
  store.set('a', 'short');
  store.set('a', 'longer');
  expect(store.delete('a')).toBe(true);
  expect(store.delete('a')).toBe(false);
  store.set('b', 'x'.repeat(29));
  expect(store.get('b')).toBe('x'.repeat(29));
  store.clear();
  expect(store.get('b')).toBeUndefined();
});
