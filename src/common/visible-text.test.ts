import { hasVisibleText, trimLines } from './visible-text.js';

describe('Visible text', () => {
  it.each([
    '',
    ' \t\n',
    '\u00a0\u3000\u2028',
    '\u200b\u200d\u2060\ufeff\u00ad',
    '\u202a\u2066\u061c',
    '\ufe0f\u{e0100}',
    '\u3164\u115f\uffa0',
    '\u2800',
    '\u0007\u0085',
    '\u{e0041}',
    '\u180e\u034f',
  ])('is not %j', (text) => {
    expect(hasVisibleText(text)).toBe(false);
  });

  it.each(['.', '0', '\u200bx', '👍', '❤\ufe0f', '\u0301', '我', '\ue000', '\ufffd'])('is %j', (text) => {
    expect(hasVisibleText(text)).toBe(true);
  });
});

test('a long text is judged in linear time', () => {
  expect(hasVisibleText(`${' '.repeat(1_000_000)}x`)).toBe(true);
});

describe('Trimmed lines', () => {
  it.each([
    ['    if (x)\n      y();\n  ', '    if (x)\n      y();'],
    ['\n \t\r\n\u2028  a\n\n b \u3000', '  a\n\n b'],
    ['\r\n\ta\r\n', '\ta'],
    [' a', ' a'],
    [' \n ', ''],
  ])('of %j are %j', (text, trimmed) => {
    expect(trimLines(text)).toBe(trimmed);
  });
});
