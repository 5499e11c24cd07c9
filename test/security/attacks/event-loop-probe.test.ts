import { EventLoopProbe } from '../../support/attack.js';
import { ManagedProcess } from '../../support/managed-process.js';
import { until } from '../../support/until.js';

/** Takes 300 ms of a processor at a time, whatever else the machine does. */
const BLOCKING = `
  const usedMs = () => process.cpuUsage().user / 1_000;
  setInterval(() => {
    for (const end = usedMs() + 300; usedMs() < end; );
  }, 500);
`;

test('The probe tells of an event loop that is blocked', async () => {
  const probe = await EventLoopProbe.create();
  const blocking = new ManagedProcess({ name: 'blocking', command: ['node', '-e', BLOCKING], env: probe.environment, cwd: process.cwd() });
  await blocking.start();
  try {
    await until('it tells of a delay of more than 200 ms', async () => ((await probe.delays().catch(() => [])).at(-1) ?? 0) > 200);
  } finally {
    await blocking.kill();
  }
});
