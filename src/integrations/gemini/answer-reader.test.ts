import { type GenerateContentResponse } from '@google/genai';
import { AnswerReader } from './answer-reader.js';

/** A part as it comes off the wire. */
function part(json: object): GenerateContentResponse {
  return json as GenerateContentResponse;
}

function reading(...parts: object[]) {
  const answer = new AnswerReader();
  return { pieces: parts.flatMap((json) => answer.read(part(json))), end: answer.end() };
}

/** The end of an answer without search and signatures. */
const PLAIN = { webSearch: null, thoughtSignatures: [] };

describe('AnswerReader', () => {
  test('tells text from thoughts and leaves other parts and other candidates out', () => {
    const parts = [{ text: 'I think', thought: true }, { text: 'Hello' }, { inlineData: { data: '' } }, { text: ' you' }];
    const candidates = [{ content: { parts }, finishReason: 'STOP' }, { content: { parts: [{ text: 'no' }] } }];
    expect(reading({ candidates }).pieces).toEqual([
      { type: 'reasoning', text: 'I think' },
      { type: 'text', text: 'Hello' },
      { type: 'text', text: ' you' },
    ]);
  });

  test('has no end before a finish reason or a block reason', () => {
    expect(reading({ candidates: [{ content: { parts: [{ text: 'Hello' }] } }] }).end).toBeNull();
    expect(reading({}).end).toBeNull();
  });

  test.each<[string, string, string | null]>([
    ['STOP', 'stop', null],
    ['MAX_TOKENS', 'length', null],
    ['SAFETY', 'content-filter', 'SAFETY'],
    ['RECITATION', 'content-filter', 'RECITATION'],
    ['BLOCKLIST', 'content-filter', 'BLOCKLIST'],
    ['PROHIBITED_CONTENT', 'content-filter', 'PROHIBITED_CONTENT'],
    ['SPII', 'content-filter', 'SPII'],
    ['IMAGE_SAFETY', 'content-filter', 'IMAGE_SAFETY'],
    ['LANGUAGE', 'other', null],
    ['MALFORMED_FUNCTION_CALL', 'other', null],
    ['OTHER', 'other', null],
    ['FINISH_REASON_UNSPECIFIED', 'other', null],
    ['SOMETHING_NEW', 'other', null],
  ])('%s is %s', (vendor, finishReason, blockReason) => {
    expect(reading({ candidates: [{ finishReason: vendor }] }).end).toEqual({
      finishReason,
      blockReason,
      usage: null,
      modelVersion: null,
      ...PLAIN,
    });
  });

  test('a blocked prompt is content-filter, whatever the finish reason', () => {
    expect(reading({ promptFeedback: { blockReason: 'OTHER' } }, { candidates: [{ finishReason: 'STOP' }] }).end).toMatchObject({
      finishReason: 'content-filter',
      blockReason: 'OTHER',
    });
  });

  test('the last usage counts, output without reasoning, and a total is made where none is given', () => {
    const first = { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1, totalTokenCount: 6 }, modelVersion: 'm' };
    const last = {
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 9, thoughtsTokenCount: 4 },
    };
    expect(reading(first, last).end).toEqual({
      finishReason: 'stop',
      blockReason: null,
      usage: { inputTokens: 5, outputTokens: 9, reasoningTokens: 4, totalTokens: 18 },
      modelVersion: 'm',
      ...PLAIN,
    });
  });

  test('a signature belongs to the text before it, also where its part has none; those of thoughts are left out', () => {
    const parts = [{ text: 'Hi 🙂', thoughtSignature: 'a' }, { text: 'hm', thought: true, thoughtSignature: 'b' }, { text: '' }];
    const last = { text: '', thoughtSignature: 'c' };
    const { end } = reading(
      { candidates: [{ content: { parts } }] },
      { candidates: [{ content: { parts: [last] }, finishReason: 'STOP' }] },
    );
    expect(end?.thoughtSignatures).toEqual([
      { end: 5, signature: 'a' },
      { end: 5, signature: 'c' },
    ]);
  });
});
