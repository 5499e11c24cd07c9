import { errorTypeOf } from './tracing.js';

test.each([
  ['the status of an answer', '503', '503'],
  ['the class of an error, without its words', new TypeError('what a user wrote'), 'TypeError'],
  ['the type of what else was thrown', { text: 'what a user wrote' }, 'object'],
])('the type of an error is %s', (_what, error, type) => {
  expect(errorTypeOf(error)).toBe(type);
});
