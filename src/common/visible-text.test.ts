import { hasVisibleText } from './visible-text.js';

test.each(['a', ' . ', '\n\u200b你', '🙂', '\u200e1', '́', '​﻿-'])('%j is visible', (text) => {
  expect(hasVisibleText(text)).toBe(true);
});

test.each([
  '',
  ' ',
  '\r\n\t',
  '\u00a0\u3000',
  '\u200b\u200d\u2060\ufeff',
  '\u202e\u2066',
  '\u0000\u001b\u009f',
  '\u00ad',
  '\u3164',
  '\ufe0f',
])('%j is not', (text) => {
  expect(hasVisibleText(text)).toBe(false);
});

test('a long text is judged in linear time', () => {
  expect(hasVisibleText(`${' '.repeat(1_000_000)}x`)).toBe(true);
});
