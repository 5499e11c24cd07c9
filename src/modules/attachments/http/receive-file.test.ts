import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { RequestTimeoutError } from '../../../common/errors/common.errors.js';
import type { IncomingFile } from '../uploads.service.js';
import { receiveFile } from './receive-file.js';

const STALL_MS = 1_000;
const LIMITS = { maxBytes: 1_000_000, stallMs: STALL_MS, totalMs: 60_000 };

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A form whose file has begun. */
function begin(take: (file: IncomingFile) => Promise<string>): { sender: PassThrough; received: Promise<string> } {
  const sender = new PassThrough();
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const received = receiveFile(Object.assign(sender, { headers }) as unknown as IncomingMessage, LIMITS, take);
  received.catch(() => undefined);
  sender.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nfirst');
  return { sender, received };
}

test('the time that the store takes for what was sent does not count as time in which the sender has stalled', async () => {
  const { sender, received } = begin(async ({ bytes }) => {
    let text = '';
    for await (const chunk of bytes) {
      text += Buffer.from(chunk).toString();
      if (text !== 'first') continue;
      jest.advanceTimersByTime(STALL_MS - 1);
      setImmediate(() => {
        jest.advanceTimersByTime(STALL_MS / 2);
        sender.end(' and last\r\n--b--\r\n');
      });
    }
    return text;
  });
  expect(await received).toBe('first and last');
});

test('a sender that sends nothing in its own time has stalled', async () => {
  const { received } = begin(async ({ bytes }) => {
    for await (const chunk of bytes)
      if (chunk.length > 0) {
        jest.advanceTimersByTime(10 * STALL_MS);
        setImmediate(() => {
          jest.advanceTimersByTime(2 * STALL_MS);
        });
      }
    return 'everything';
  });
  await expect(received).rejects.toBeInstanceOf(RequestTimeoutError);
});
