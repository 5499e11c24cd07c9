import { tokenBoundsOf } from './token-bounds.js';

test.each([
  ['text/plain', 'gemini-3.8-flash', 1_600, { least: 100, most: 1_900 }],
  ['image/png', 'gemini-3.5-flash-lite', 9_000_000, { least: 258, most: 1_420 }],
  ['image/heic', 'gemini-4-argon', 1, { least: 258, most: 1_420 }],
  ['image/png', 'gemini-2.5-flash', 1, { least: 258, most: Infinity }],
  ['image/png', 'gemini-flash-latest', 1, { least: 258, most: Infinity }],
  ['application/pdf', 'gemini-4-argon', 1, { least: 258, most: Infinity }],
])('a file of %s has for %s no more tokens than its estimate', (mediaType, model, size, expected) => {
  expect(tokenBoundsOf({ mediaType, size }, model)).toEqual(expected);
});
