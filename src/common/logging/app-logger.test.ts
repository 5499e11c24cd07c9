import { requestContext } from '../request-context.js';
import { openLog } from './open-log.js';

async function logged(work: (log: Awaited<ReturnType<typeof openLog>>) => void, level: 'info' | 'warn' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  work(await openLog({ level, destination }));
  return lines.map(({ pid, hostname, ...line }): Record<string, unknown> => ({
    ...line,
    ...(pid === process.pid && typeof hostname === 'string' ? {} : { pid, hostname }),
  }));
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

test("each line has pino's name of its level, the time by ISO 8601, the message, the context and the given fields", async () => {
  const lines = await logged((log) => {
    log.fatal('one', 'Here');
    log.error('two', { reply_id: 'r', attempt: 2 }, 'Here');
    log.warn('three');
    log.log('four', 'There');
    log.debug('five');
    log.verbose('six');
  }, 'debug');
  expect(lines).toEqual([
    { level: 'fatal', time, context: 'Here', msg: 'one' },
    { level: 'error', time, reply_id: 'r', attempt: 2, context: 'Here', msg: 'two' },
    { level: 'warn', time, msg: 'three' },
    { level: 'info', time, context: 'There', msg: 'four' },
    { level: 'debug', time, msg: 'five' },
  ]);
});

test('a line has the ids of the request and the job that it belongs to', async () => {
  const lines = await logged((log) => {
    requestContext.run({ requestId: 'r-1', jobId: 'j-1' }, () => {
      log.log('both');
    });
    requestContext.run({ jobId: 'j-2' }, () => {
      log.log('job');
    });
  });
  expect(lines).toEqual([
    { level: 'info', time, request_id: 'r-1', job_id: 'j-1', msg: 'both' },
    { level: 'info', time, job_id: 'j-2', msg: 'job' },
  ]);
});

test("an error is logged with its causes and without its own properties, which hold values of drivers' statements", async () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (mobile_number)=(+14155550123)',
    parameters: ['secret'],
  });
  const [line] = await logged((log) => {
    log.error(new TypeError('it failed', { cause }), { request_id: 'r' }, 'Here');
  });
  expect(line).toEqual({
    level: 'error',
    time,
    request_id: 'r',
    context: 'Here',
    msg: 'it failed',
    err: {
      type: 'TypeError',
      message: 'it failed',
      stack: expect.stringContaining('app-logger.test') as string,
      cause: { type: 'Error', message: 'duplicate key', code: '23505', stack: expect.any(String) as string },
    },
  });
  expect(JSON.stringify(line)).not.toMatch(/14155550123|secret/);
});

test('an error beside a message, a stack, and something that is no error are logged too', async () => {
  const error = new Error('no');
  const lines = await logged((log) => {
    log.fatal('crashed', error, 'Process');
    log.error('broken', error.stack, 'ExceptionsHandler');
    log.error('broken', error.stack);
    log.error(undefined);
  });
  const err = { type: 'Error', message: 'no', stack: error.stack };
  expect(lines).toEqual([
    { level: 'fatal', time, err, context: 'Process', msg: 'crashed' },
    { level: 'error', time, stack: error.stack, context: 'ExceptionsHandler', msg: 'broken' },
    { level: 'error', time, stack: error.stack, msg: 'broken' },
    { level: 'error', time },
  ]);
});

test("Nest's listing of modules and routes is only there at the level debug", async () => {
  const list = (log: Awaited<ReturnType<typeof openLog>>) => {
    log.log('Mapped {/auth/login, POST} route', 'RouterExplorer');
    log.log('AuthModule dependencies initialized', 'InstanceLoader');
    log.error('cannot start', 'NestApplication');
  };
  expect((await logged(list)).map(({ msg }) => msg)).toEqual(['cannot start']);
  expect((await logged(list, 'debug')).map(({ level }) => level)).toEqual(['debug', 'debug', 'error']);
});

test('a line below the level is not written', async () => {
  expect(
    await logged((log) => {
      log.log('quiet');
    }, 'warn'),
  ).toEqual([]);
});
