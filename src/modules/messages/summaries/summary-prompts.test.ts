import { summaryPrompt, titlePrompt, toSummary } from './summary-prompts.js';

test('a title is asked for by the beginning of what was said', () => {
  const { text, systemInstruction, answerSchema } = titlePrompt([
    { role: 'user', text: 'What is there to see?' },
    { role: 'model', text: 'x'.repeat(5_000) },
  ]);
  expect(text).toBe(`User: What is there to see?\n\nAssistant: ${'x'.repeat(1_999)}…`);
  expect(systemInstruction).toMatch(/^Write a short title for the conversation below/);
  expect(answerSchema).toEqual({ title: 'The title, in the language of the conversation.' });
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
