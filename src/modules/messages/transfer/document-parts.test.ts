import fc from 'fast-check';
import { MalformedJsonError } from '../../../common/errors/common.errors.js';
import { splitDocument } from './document-parts.js';

const object = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null)), {
  maxKeys: 8,
});

describe('splitDocument', () => {
  it('gives the same values as parsing the whole document at once', async () => {
    const documents = fc.record({ chatroom: object, messages: fc.array(fc.oneof(object, fc.integer(), fc.string())) });
    await fc.assert(
      fc.asyncProperty(documents, fc.constantFrom(0, 2), async (document, indentation) => {
        const text = JSON.stringify(document, null, indentation);
        const { frame, messageCount, parseMessage } = await splitDocument(Buffer.from(text));
        let next = 0;
        const { chatroom, messages } = frame as { chatroom: unknown; messages: unknown[] };
        const joined = messages.map((value) => (typeof value === 'object' ? parseMessage(next++) : value));
        expect({ chatroom, messages: joined }).toEqual(JSON.parse(text));
        expect(next).toBe(messageCount);
      }),
    );
  });

  it.each([
    '{"messages":[{"a":1]}]}',
    '{"messages":[{"a":1}{"a":2}]}',
    '{"messages":[1{"a":2}]}',
    '{"messages":[{"a":1}',
    '{}}',
    '\uFEFF{}x',
  ])('refuses %s, which is no JSON', async (text) => {
    const read = async () => {
      const { messageCount, parseMessage } = await splitDocument(Buffer.from(text));
      for (let i = 0; i < messageCount; i += 1) parseMessage(i);
    };
    await expect(read()).rejects.toThrow(MalformedJsonError);
  });
});
