import { ApiError } from '@google/genai';
import { streamedParts } from './streamed-parts.js';

const partOf = (text: string) => ({ candidates: [{ content: { parts: [{ text }] } }] });

const eventOf = (part: object): string => `data: ${JSON.stringify(part)}\n\n`;

/** Reads the parts of a body that arrives in pieces of a number of bytes. */
async function partsOf(text: string, bytes = Infinity): Promise<unknown[]> {
  const all = Buffer.from(text);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let i = 0; i < all.length; i += bytes) controller.enqueue(all.subarray(i, i + bytes));
      controller.close();
    },
  });
  const parts: unknown[] = [];
  for await (const part of streamedParts(body)) parts.push(part);
  return parts;
}

test.each(['\n\n', '\r\n\r\n', '\r\r'])('reads events that end with %j, wherever they are divided', async (end) => {
  const parts = [partOf('Grüße 👋'), partOf('from\n\nKyoto')];
  const text = parts.map((part) => `data: ${JSON.stringify(part)}${end}`).join('');
  for (const bytes of [1, 2, 3, 50, Infinity]) expect(await partsOf(text, bytes)).toEqual(parts);
});

test('skips what is no data', async () => {
  expect(await partsOf(`: comment\n\n${eventOf(partOf('a'))}event: other\n\n`)).toEqual([partOf('a')]);
});

const OVERLOADED = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };

test.each([
  ['an event', eventOf(OVERLOADED)],
  ['JSON', JSON.stringify(OVERLOADED)],
])('throws an error that is sent as %s', async (_kind, sent) => {
  const error = await partsOf(eventOf(partOf('a')) + sent).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 503, message: expect.stringContaining(JSON.stringify(OVERLOADED)) as string });
});

test('throws for a part that is cut off', async () => {
  await expect(partsOf(eventOf(partOf('a')).slice(0, -5))).rejects.toThrow(SyntaxError);
});
