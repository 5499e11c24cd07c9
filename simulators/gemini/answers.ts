import { type Prompt } from './prompt.js';
import { type Purpose } from './purpose.js';
import { sentenceOn } from './received-file.js';

export interface Answer {
  thoughts: readonly string[];
  /** The text in pieces of a few words, made one at a time: a thousand long answers at once cost no memory. */
  chunks: Iterable<string>;
  finishReason: 'STOP' | 'MAX_TOKENS';
}

const THOUGHTS: readonly string[] = ['**Reading the conversation**\n\nI look at what ', 'was asked and at what came before it.'];

/**
 * Text that lengthens an answer: words of several scripts and lengths in UTF-8, so that code that splits or joins text
 * wrongly is found out. A piece has about fifteen tokens, as Gemini's are larger once an answer is under way.
 */
const FILLER: readonly string[] = [
  'So the answer goes on, with words that only fill the length ',
  'that was asked for: naïve cafés, façades, a señor in Zürich, ',
  '你好，世界，这些字只是用来填满长度的。 Emoji of several code points 👩‍💻🎉🏳️‍🌈 ',
  'come along too, and after them ordinary words once more.\n\n',
];

/** The user's words in the transcript of a conversation, after the notes in brackets that name their files. */
const SAID = /^(?:user|human): (?:\[[^\]\n]*\]\s+)*(.*)$/gimu;

export const saidIn = (transcript: string): string[] => [...transcript.matchAll(SAID)].map(([, words = '']) => words);

/** Faults of a title, by the argument of its scenario. */
const BAD_TITLES: Readonly<Record<string, (title: string) => string>> = {
  json: (title) => JSON.stringify({ result: { name: title } }),
  think: (title) => `<think>The user wants a title. I could write “${title}”.`,
  fence: () => '```json\n```',
  preamble: () => 'Here is a title for the conversation:',
  control: () => '\u202e\u200b\u2066\u0007',
  half: (title) => `{"title":"${title.slice(0, title.length / 2)}`,
};

/**
 * A title or a summary of the transcript in the prompt; it says that it is simulated.
 *
 * @param badTitle how a title is to be bad
 */
export function digestOf(purpose: Exclude<Purpose, 'reply'>, prompt: Prompt, badTitle: string | null = null): Answer {
  const text = prompt.turns[0]?.text ?? '';
  const said = saidIn(text).map((words) => words.replace(/\[\[[^[\]]*\]\]/gu, '').trim());
  const title = titleOf(said);
  const answer = prompt.json ? JSON.stringify({ title }) : title;
  const digest =
    purpose === 'title' ? (BAD_TITLES[badTitle ?? '']?.(title) ?? answer) : summaryOf(said, /^summary so far:\s*(.+)$/imu.exec(text)?.[1]);
  const allowed = prompt.maxOutputTokens === null ? Infinity : prompt.maxOutputTokens * 4;
  const isWhole = digest.length <= allowed;
  return { thoughts: [], chunks: [isWhole ? digest : digest.slice(0, allowed)], finishReason: isWhole ? 'STOP' : 'MAX_TOKENS' };
}

function titleOf(said: readonly string[]): string {
  const words = (said.find((words) => words !== '') ?? 'A conversation').split(/\s+/u);
  return `${words.slice(0, 5).join(' ')} (simulated)`;
}

function summaryOf(said: readonly string[], before: string | undefined): string {
  return [
    `Simulated summary, no model was asked: ${count(said.length, 'message')} from you,`,
    said.map((words) => `“${quote(words)}”`).join(', '),
    ...(before === undefined ? [] : [`after: ${quote(before)}`]),
  ].join(' ');
}

/**
 * The answer to a prompt: the same for the same prompt, it says that it is simulated and shows the history that it was
 * given.
 * @param thoughtTokens the length of the thoughts, or null for as long as their sentences are
 * @param tokens its exact length, or null for as long as its sentences are; never more than the prompt's
 * maxOutputTokens
 */
export function answerTo(
  model: string,
  prompt: Prompt,
  options: { tokens: number | null; thinking: boolean; thoughtTokens?: number | null },
): Answer {
  const text = conversation(model, prompt);
  const wanted = options.tokens === null ? text.length : options.tokens * 4;
  const allowed = prompt.maxOutputTokens === null ? Infinity : prompt.maxOutputTokens * 4;
  return {
    thoughts: options.thinking ? thoughtsOf(options.thoughtTokens ?? null) : [],
    chunks: { [Symbol.iterator]: () => pieces(text, Math.min(wanted, allowed)) },
    finishReason: wanted > allowed ? 'MAX_TOKENS' : 'STOP',
  };
}

const thoughtsOf = (tokens: number | null): readonly string[] => (tokens === null ? THOUGHTS : [...pieces(THOUGHTS.join(''), tokens * 4)]);

function conversation(model: string, prompt: Prompt): string {
  const asked = prompt.turns.filter((turn) => turn.role === 'user');
  const answered = prompt.turns.filter((turn) => turn.role === 'model');
  const newest = asked.at(-1);
  const before = asked.at(-2);
  const answer = answered.at(-1);
  return [
    `This is a simulated answer by ${model}: no model was asked.`,
    `The conversation has ${count(prompt.turns.length, 'turn')}: ${asked.length} from you, ${answered.length} from me.`,
    ...(newest ? [`You wrote: “${quote(newest.text)}”`] : []),
    ...filesIn(prompt),
    ...(before ? [`Before that you wrote: “${quote(before.text)}”`] : []),
    ...(answer ? [`My last answer began: “${quote(answer.text)}”`] : []),
    prompt.systemInstruction === null
      ? 'There is no system instruction.'
      : `The system instruction is: “${quote(prompt.systemInstruction)}”`,
    'Ask on! 继续吧 🙂',
  ].join('\n\n');
}

/** The newest files are described; a conversation may have any number. */
const DESCRIBED_FILES = 20;

function filesIn({ turns }: Prompt): string[] {
  const files = turns.flatMap((turn, index) => turn.files.map((file) => `In turn ${index + 1}: ${sentenceOn(file)}.`));
  return files.length === 0 ? [] : [`I was given ${count(files.length, 'file')}.`, ...files.slice(-DESCRIBED_FILES)];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function quote(text: string): string {
  return text.length > 200 ? `${text.slice(0, 160).replace(/\p{Surrogate}$/u, '')}…` : text;
}

/**
 * The text, then filler, in pieces that together have `length` UTF-16 units (one less where that would split a
 * surrogate pair, which Gemini never does).
 */
function* pieces(text: string, length: number): Generator<string> {
  let left = length;
  for (const piece of endless(text)) {
    if (piece.length >= left) {
      const last = piece.slice(0, left).replace(/\p{Surrogate}$/u, '');
      if (last !== '') yield last;
      return;
    }
    left -= piece.length;
    yield piece;
  }
}

function* endless(text: string): Generator<string> {
  let piece = '';
  let words = 0;
  for (const [word] of text.matchAll(/\s*\S{1,24}\s?/gu)) {
    piece += word;
    words += 1;
    if (words < 4) continue;
    yield piece;
    piece = '';
    words = 0;
  }
  if (piece !== '') yield piece;
  yield '\n\n';
  for (;;) yield* FILLER;
}
