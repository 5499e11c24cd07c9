import { once } from 'node:events';
import fastify, { type FastifyInstance } from 'fastify';
import { TooMuchInFlightError } from '../../../common/errors/common.errors.js';
import { AnswersInFlight } from '../../../common/http/in-flight.js';
import { FileResponder } from './file-responder.js';

let server: FastifyInstance;
const downloads: AbortController[] = [];

afterEach(async () => {
  for (const download of downloads.splice(0)) download.abort();
  await server.close();
});

const SIZE = 1_000_000;
const FILE = { id: '1', name: 'a.txt', mediaType: 'text/plain', size: SIZE, sha256: Buffer.alloc(32), createdAt: new Date() };

/** A store whose files have a first byte, and no other. */
async function* endless() {
  yield Buffer.from('x');
  await once(new EventTarget(), 'never');
}

test('a user has so many downloads at a time, and gets the next one when one of them has ended', async () => {
  const attachments = { open: () => Promise.resolve(endless()) };
  const responder = new FileResponder(attachments as never, new AnswersInFlight());
  const closed: Promise<unknown>[] = [];
  server = fastify({ forceCloseConnections: true });
  server.setErrorHandler((error, _request, reply) => reply.status(error instanceof TooMuchInFlightError ? 429 : 500).send());
  server.get('/:userId', async (request, reply) => {
    closed.push(once(reply.raw, 'close'));
    await responder.send(FILE, Object.assign(request, { user: request.params as never }), reply);
  });
  const origin = await server.listen({ port: 0, host: '127.0.0.1' });
  const download = async (user: string, headers: Record<string, string> = {}) => {
    const controller = new AbortController();
    downloads.push(controller);
    return (await fetch(`${origin}/${user}`, { headers, signal: controller.signal })).status;
  };
  for (let i = 0; i < 32; i += 1) expect(await download('a')).toBe(200);
  expect(await download('a')).toBe(429);
  expect(await download('a', { range: 'bytes=0-999' })).toBe(206);
  expect(await download('b')).toBe(200);
  downloads[0]?.abort();
  await closed[0];
  expect(await download('a')).toBe(200);
});
