import { toPlainCode, toPlainText } from './pasted-text.js';

describe('toPlainText', () => {
  it.each([
    ['\u202a+91 98765 43210\u202c', '+91 98765 43210'],
    ['＋９１　９８７６５', '+91 98765'],
    ['+९१ ٩٨۷۶೫', '+91 98765'],
    ['\u{116d3}\u{116dd}', '33'],
    ['\u200b ada.lovelace\u00a0', 'ada.lovelace'],
  ])('reads %j as %j', (text, plain) => {
    expect(toPlainText(text)).toBe(plain);
  });
});

describe('toPlainCode', () => {
  it.each([['123 456'], ['123-456'], ['\u2066123\u2013456\u2069'], ['１２３４５６'], ['१२३४५६'], [' 1 2 3 4 5 6 ']])('reads %j', (text) => {
    expect(toPlainCode(text)).toBe('123456');
  });
});
