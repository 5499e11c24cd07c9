import { type GenerateContentResponse } from '@google/genai';
import { AnswerReader } from './answer-reader.js';

/** A part as it comes off the wire. */
function part(json: object): GenerateContentResponse {
  return json as GenerateContentResponse;
}

function reading(...parts: object[]) {
  const answer = new AnswerReader();
  return { texts: parts.map((json) => answer.read(part(json))), end: answer.end() };
}

describe('AnswerReader', () => {
  test('joins the texts of a part and leaves reasoning, other parts and other candidates out', () => {
    const parts = [{ text: 'I think', thought: true }, { text: 'Hello' }, { inlineData: { data: '' } }, { text: ' you' }];
    const candidates = [{ content: { parts }, finishReason: 'STOP' }, { content: { parts: [{ text: 'no' }] } }];
    expect(reading({ candidates }).texts).toEqual(['Hello you']);
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
    expect(reading({ candidates: [{ finishReason: vendor }] }).end).toEqual({ finishReason, blockReason, usage: null, modelVersion: null });
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
    });
  });
});
