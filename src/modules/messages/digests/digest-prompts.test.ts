import { summaryPrompt, titlePrompt, toSummary, toTitle } from './digest-prompts.js';

test.each([
  ['Three days in Kyoto', 'Three days in Kyoto'],
  ['\n  "Three days in Kyoto."\n', 'Three days in Kyoto'],
  ['**Title: Three days\tin Kyoto**\n\nIt is about…', 'Three days in Kyoto'],
  ['# 京都の三日間。', '京都の三日間'],
  ['« Trois jours à Kyoto »', 'Trois jours à Kyoto'],
  ['', null],
  [' \n""\n', null],
])('the answer %j is the title %j', (answer, title) => {
  expect(toTitle(answer)).toBe(title);
});

test('a long title ends with a word, and within 80 characters', () => {
  const title = toTitle('word '.repeat(40)) ?? '';
  expect(title).toBe(`${'word '.repeat(14)}word…`);
  expect(toTitle('🙂'.repeat(100))).toBe(`${'🙂'.repeat(39)}…`);
});

test('a title is asked for by the beginning of what was said', () => {
  const { text, systemInstruction } = titlePrompt([
    { role: 'user', text: 'What is there to see?' },
    { role: 'model', text: 'x'.repeat(5_000) },
  ]);
  expect(text).toBe(`User: What is there to see?\n\nAssistant: ${'x'.repeat(1_999)}…`);
  expect(systemInstruction).toMatch(/^Write a short title for the conversation below/);
});

test('a summary is made of the one before and of what was said since', () => {
  const { text, systemInstruction } = summaryPrompt('Ada plans a trip.', [{ role: 'user', text: 'In May.' }], 100);
  expect(text).toBe('Summary so far: Ada plans a trip.\n\nUser: In May.');
  expect(systemInstruction).toMatch(/^Update the running summary of the conversation below by what was said since: at most 60 words/);
  expect(summaryPrompt(null, [{ role: 'user', text: 'In May.' }], 100).text).toBe('User: In May.');
});

test('a summary keeps to its length', () => {
  expect(toSummary(' Ada plans a trip. ', 100)).toBe('Ada plans a trip.');
  expect(toSummary('x'.repeat(500), 100)).toHaveLength(400);
  expect(toSummary('  ', 100)).toBeNull();
});
