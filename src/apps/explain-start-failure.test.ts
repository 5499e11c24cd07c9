import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { explainStartFailure } from './explain-start-failure.js';

async function failureOf(port: number, host: string): Promise<unknown> {
  const server = createServer().listen(port, host);
  const [error] = (await once(server, 'error')) as [unknown];
  return error;
}

test('a port that is taken, and an address that is not ours, are told without a stack', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  expect(explainStartFailure(await failureOf(port, '127.0.0.1'))).toBe(
    `Port ${port} is taken by another process. Stop that one, or set PORT or METRICS_PORT, whichever it is, to another port.`,
  );
  other.close();
  expect(explainStartFailure(await failureOf(port, '203.0.113.9'))).toBe(
    `Port ${port} of 203.0.113.9 cannot be listened on (EADDRNOTAVAIL). Check HOST, PORT and METRICS_PORT.`,
  );
  expect(explainStartFailure(new Error('ours'))).toBeNull();
});
