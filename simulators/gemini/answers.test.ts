import { answerTo, digestOf } from './answers.js';
import { type Prompt } from './prompt.js';
import { purposeOf } from './purpose.js';

function prompt(text: string, more: Partial<Prompt> = {}): Prompt {
  return {
    turns: [{ role: 'user', text, files: [] }],
    systemInstruction: null,
    maxOutputTokens: null,
    json: false,
    webSearch: false,
    thinking: { level: null, isShown: false },
    inputTokens: 1,
    fingerprint: 'f',
    ...more,
  };
}

function textOf(asked: Prompt, tokens: number | null = null): string {
  return [...answerTo('gemini-4-argon', asked, { tokens, thinking: false }).chunks].join('');
}

describe('a simulated answer', () => {
  test('says that it is simulated and is the same for the same prompt', () => {
    expect(textOf(prompt('Hello'))).toBe(
      'This is a simulated answer by gemini-4-argon: no model was asked.\n\nThe conversation has 1 turn: 1 from you, 0 from me.\n\n' +
        'You wrote: “Hello”\n\nThere is no system instruction.\n\nAsk on! 继续吧 🙂',
    );
    expect(textOf(prompt('Hello'))).toBe(textOf(prompt('Hello')));
  });

  test('quotes every space, script and line as it was written', () => {
    const text = 'a  b\n\n\tc 👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻 你好你好你好你好你好你好你好你好你好你好你好你好你好你好  ';
    expect(textOf(prompt(text))).toContain(`You wrote: “${text}”`);
  });

  test('quotes the beginning of a long text, in whole characters', () => {
    expect(textOf(prompt(`a${'🙂'.repeat(200)}`))).toContain(`You wrote: “a${'🙂'.repeat(79)}…”`);
  });

  test('comes in pieces of whole characters', () => {
    const chunks = [...answerTo('m', prompt('🙂'.repeat(90)), { tokens: 500, thinking: false }).chunks];
    expect(chunks.length).toBeGreaterThan(30);
    for (const chunk of chunks) expect(chunk).not.toMatch(/\p{Surrogate}/u);
  });

  test.each([1, 10, 100, 1000, 5000])('of %d tokens has four characters for each, one less where that splits a pair', (tokens) => {
    const text = textOf(prompt('Hello'), tokens);
    expect([tokens * 4, tokens * 4 - 1]).toContain(text.length);
    expect(text).not.toMatch(/\p{Surrogate}/u);
  });

  test('stops at maxOutputTokens and says so', () => {
    const short = prompt('Hello', { maxOutputTokens: 10 });
    expect(answerTo('m', short, { tokens: 11, thinking: false }).finishReason).toBe('MAX_TOKENS');
    expect(answerTo('m', short, { tokens: 10, thinking: false }).finishReason).toBe('STOP');
    expect(textOf(short)).toHaveLength(40);
  });
});

describe('a title and a summary', () => {
  const transcript =
    'Summary so far: Ada plans a trip.\n\nUser: [[slow]] What is there to see in Kyoto?\n\nAssistant: Much.\n\nUser: And for children?';
  const digest = (purpose: 'title' | 'summary', more: Partial<Prompt> = {}) =>
    [...digestOf(purpose, prompt(transcript, more)).chunks].join('');

  test('are asked for by the system instruction, and only of one turn', () => {
    const asked = (systemInstruction: string | null) => purposeOf(prompt('x', { systemInstruction }));
    expect(asked('Write a short title for the conversation below.')).toBe('title');
    expect(asked('Update the running summary of the conversation below.')).toBe('summary');
    expect(asked('Summarize this chat.')).toBe('summary');
    for (const other of [
      null,
      'You are a librarian. Give the title of each book in the conversation.',
      'Summary of the conversation: none.',
    ])
      expect(asked(other)).toBe('reply');
    const { turns } = prompt('x');
    const systemInstruction = 'Write a title for the conversation.';
    expect(purposeOf(prompt('x', { systemInstruction, turns: [...turns, ...turns] }))).toBe('reply');
  });

  test('say that they are simulated and of what they are', () => {
    expect(digest('title')).toBe('What is there to see (simulated)');
    expect(digest('summary')).toBe(
      'Simulated summary, no model was asked: 2 messages from you, “What is there to see in Kyoto?”, “And for children?” after: Ada plans a trip.',
    );
    expect(digest('summary', { maxOutputTokens: 5 })).toBe('Simulated summary, n');
  });

  test('are made of what the user said, not of the notes that name files', () => {
    const said =
      'User: [Attached file: "a.txt" (text/plain)]\n\n[Attached file: "b.png" (image/png)]\n\nWhat is this?\n\nAssistant: Two files.';
    expect([...digestOf('title', prompt(said)).chunks].join('')).toBe('What is this? (simulated)');
  });
});
