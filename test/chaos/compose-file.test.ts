import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Cluster, startCluster } from '../support/cluster.js';
import { ApiClient, newMobileNumber, newUsername } from '../support/api.js';
import { readComposeFile } from '../support/compose-file.js';
import { describeOn } from '../support/engines.js';
import { freePort } from '../support/free-port.js';
import { ManagedProcess } from '../support/managed-process.js';
import { until } from '../support/until.js';

/** A line of the log, and not for the person who runs a command. */
const isLogged = (line: string): boolean => line.startsWith('{');
const eventOf = (line: string): unknown => (JSON.parse(line) as { event?: unknown }).event;

describeOn('redis', 'the commands and settings of docker-compose.yml', () => {
  let cluster: Cluster;
  let simulated: string;
  const started: ManagedProcess[] = [];
  beforeAll(async () => {
    // Its PostgreSQL and Redis stand for the containers of the images.
    cluster = await startCluster({ apis: 0, workers: 0, migrated: false });
    // This folder stands for the volume that they share.
    simulated = await mkdtemp(join(tmpdir(), 'simulated-'));
  });
  afterAll(async () => {
    await Promise.all(started.map((process) => process.kill()));
    await cluster.close();
    await rm(simulated, { recursive: true });
  });

  test('publish their ports on this machine alone, unless said otherwise', () => {
    const portsOf = (environment: Record<string, string> = {}) =>
      Object.values(readComposeFile('docker-compose.yml', environment)).flatMap(({ ports = [] }) => ports);
    expect(portsOf()).toEqual(['127.0.0.1:3000:3000', '127.0.0.1:4242:4242']);
    expect(portsOf({ BIND_ADDRESS: '0.0.0.0', PORT: '80' })).toEqual(['0.0.0.0:80:3000', '0.0.0.0:4242:4242']);
  });

  test('name their images exactly, limit what each container takes, and check the health of what has a port', () => {
    const services = Object.entries(readComposeFile('docker-compose.yml'));
    const images = services.map(([, { image = '' }]) => image).filter((image) => !image.startsWith('gemini-chat-backend:'));
    expect(images).toEqual([expect.stringMatching(/^postgres:\d+\.\d+-/u), expect.stringMatching(/^redis:\d+\.\d+\.\d+-/u)]);
    for (const [name, { deploy, healthcheck }] of services) {
      expect([name, deploy?.resources.limits]).toEqual([
        name,
        { cpus: expect.stringMatching(/^\d/u) as string, memory: expect.stringMatching(/^\d+[MG]$/u) as string },
      ]);
      expect([name, healthcheck]).not.toEqual([name, undefined]);
    }
  });

  test('take nothing of the simulated system for the real vendors', () => {
    const real = { GEMINI_BASE_URL: '', STRIPE_BASE_URL: '', JWT_SECRET: 'a key' };
    const services = readComposeFile('docker-compose.yml', real);
    for (const name of ['api', 'worker', 'migrate']) {
      expect(services[name]?.environment).toMatchObject({ ENV_FILE: '', STRIPE_BASE_URL: '', JWT_SECRET: 'a key' });
      expect(services[name]?.environment).not.toHaveProperty('OTP_LOG_CODES');
    }
    expect(services['simulated-settings']?.profiles).toEqual(['simulated']);
  });

  test('give the processes every setting of .env, and an address at the published port', () => {
    const services = readComposeFile('docker-compose.yml', { PORT: '8080' });
    for (const name of ['api', 'worker', 'migrate']) {
      expect([name, services[name]?.env_file]).toEqual([name, [{ path: '.env', required: false }]]);
    }
    expect(services['api']?.environment).toMatchObject({ PORT: '3000', PUBLIC_URL: 'http://localhost:8080' });
    const own = readComposeFile('docker-compose.yml', { PORT: '8080', PUBLIC_URL: 'https://api.example.com' });
    expect(own['api']?.environment).toMatchObject({ PUBLIC_URL: 'https://api.example.com' });
  });

  test('leave a process on a read-only filesystem its temporary folder', () => {
    const readOnly = Object.entries(readComposeFile('docker-compose.yml')).filter(([, service]) => service.read_only);
    expect(readOnly.length).toBeGreaterThan(0);
    for (const [name, { tmpfs = [] }] of readOnly) expect([name, tmpfs]).toEqual([name, [expect.stringMatching(/^\/tmp(?::|$)/u)]]);
  });

  test('make a system that answers, without any key', async () => {
    const ports = { api: await freePort(), gemini: await freePort(), stripe: await freePort() };
    const services = readComposeFile('docker-compose.yml');
    /** The addresses that containers have among each other, as they are on this machine. */
    const here = (value: string) =>
      value
        .replace(/^postgres:\/\/chat:chat@postgres:5432\/chat$/, cluster.postgres.url)
        .replace('redis://redis:6379', cluster.redis.url)
        .replace('gemini-simulator:8080', `127.0.0.1:${ports.gemini}`)
        .replace('stripe-simulator:4242', `127.0.0.1:${ports.stripe}`)
        .replace('/run/simulated', simulated)
        .replace('0.0.0.0', '127.0.0.1');
    const start = async (name: string, own: Record<string, string> = {}) => {
      const { command = [], environment = {} } = services[name] ?? {};
      const [program, ...args] = command;
      if (program === undefined) throw new Error(`${name} has no command`);
      const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, here(value)]));
      const process = new ManagedProcess({ name, command: [program, ...args], env: { ...env, ...own }, cwd: globalThis.process.cwd() });
      started.push(process);
      await process.start();
      return process;
    };

    /** A command in a container with these settings. */
    const run = async (name: string, command: readonly [string, ...string[]], environment: Readonly<Record<string, string>> = {}) => {
      const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, here(value)]));
      const process = new ManagedProcess({ name, command, env, cwd: globalThis.process.cwd() });
      started.push(process);
      await process.start();
      const code = await process.ended();
      return { code, said: process.output.filter((line) => !isLogged(line)), events: process.output.filter(isLogged).map(eventOf) };
    };
    /** `npm run admin:create`, with the settings of the container for migrations. */
    const createAdmin = () => {
      const script = 'dist/src/apps/cli/create-admin.js';
      const command = `echo 'correct horse battery' | node ${script} --username chief --mobile-number +14155550123`;
      return run('admin:create', ['sh', '-c', command], services['migrate']?.environment);
    };

    expect(await createAdmin()).toEqual({
      code: 1,
      said: ['The database is not ready: its schema lacks the migration CreateUsers1795392000000. Run `npm run migrate`.'],
      events: [],
    });
    // The file is Compose's as it stands, without the profile and without a key: nothing of it is to be believed.
    const keyless = await start('api', { PORT: String(ports.api), METRICS_PORT: String(await freePort()) });
    expect([await keyless.ended(), keyless.output.join('\n')]).toEqual([1, expect.stringContaining('\n  JWT_SECRET: required: ')]);
    for (let twice = 0; twice < 2; twice += 1) expect(await (await start('simulated-settings')).ended()).toBe(0);
    const settings = parseEnv(await readFile(join(simulated, 'settings.env'), 'utf8'));
    expect(settings).toEqual({
      JWT_SECRET: expect.stringMatching(/^[\w-]{64}$/) as string,
      OTP_LOG_CODES: 'true',
      CHAT_UI_ENABLED: 'true',
    });
    await start('gemini-simulator', { PORT: String(ports.gemini) });
    await start('stripe-simulator', { PORT: String(ports.stripe) });
    const [migrate, again] = await Promise.all([start('migrate'), start('migrate')]);
    expect(await Promise.all([migrate.ended(), again.ended()])).toEqual([0, 0]);
    const metricsPort = await freePort();
    const worker = await start('worker', { METRICS_PORT: String(metricsPort) });
    const api = await start('api', { PORT: String(ports.api), METRICS_PORT: String(await freePort()) });
    const client = new ApiClient(`http://127.0.0.1:${ports.api}`);
    const ready = (process: ManagedProcess, port: number) =>
      until(
        `${process.name} is ready`,
        async () => {
          if (!process.isRunning) throw new Error(`${process.name} ended: ${process.output.join('\n')}`);
          return (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.status === 200;
        },
        60_000,
      );
    await ready(api, ports.api);
    await ready(worker, metricsPort);

    // In production a number is verified with the code that was sent, here to the log.
    const [username, password, mobile_number] = [newUsername(), 'correct horse battery', newMobileNumber()];
    const signedUp = await client.post<{ challenge_id: string }>('/auth/signup', { body: { username, password, mobile_number } });
    expect([signedUp.status, Object.keys(signedUp.body)]).toEqual([201, expect.not.arrayContaining(['otp']) as string[]]);
    const code = await findLine(worker, new RegExp(`to \\${mobile_number}: .*?\\b(\\d{6})\\b`));
    const verified = await client.post<{ access_token: string }>('/auth/verify-otp', {
      body: { mobile_number, otp: code, challenge_id: signedUp.body.challenge_id },
    });
    expect(verified.status).toBe(200);
    const token = verified.body.access_token;
    const room = await client.post<{ id: string }>('/chatroom', { body: {}, token });
    const sent = await client.post(`/chatroom/${room.body.id}/message`, { body: { content: 'Hello' }, token });
    expect(sent.status).toBe(202);
    const reply = await client.get<{ status: string; content: string }>(`${sent.headers.get('location') ?? ''}?wait=20`, { token });
    expect(reply.body).toMatchObject({ status: 'completed', content: expect.stringContaining('simulated') as string });

    // What first-steps says is done: its command makes the administrator, who signs in with the password and a code.
    const said = await start('first-steps');
    expect(await said.ended()).toBe(0);
    const lines = said.output.map((line) => line.trim());
    expect(lines).toContain("docker compose logs worker | grep 'is your code'");
    const inWorker = 'docker compose exec worker ';
    const [program = '', ...args] = (lines.find((line) => line.startsWith(inWorker)) ?? '').slice(inWorker.length).split(' ');
    const made = await run('admin:create', [program, ...args], services['worker']?.environment);
    expect(made).toEqual({
      code: 0,
      said: ['chief (+14155550123) is an administrator.', expect.stringMatching(/: \S{24}$/u) as string],
      events: ['administrator_created'],
    });
    expect(await createAdmin()).toEqual({ code: 1, said: ['Another account has this username.'], events: [] });
    const identifier = { identifier: 'chief', password: made.said[1]?.split(': ').at(-1) };
    const asked = await client.post<{ code: string; challenge_id: string }>('/auth/login', { body: identifier });
    expect(asked).toMatchObject({ status: 401, body: { code: 'otp_required' } });
    const otp = await findLine(worker, /to \+14155550123: .*?\b(\d{6})\b/u);
    const chief = await client.post<{ access_token: string }>('/auth/verify-otp', {
      body: { mobile_number: '+14155550123', otp, challenge_id: asked.body.challenge_id },
    });
    const overview = await client.get('/admin/stats', { token: chief.body.access_token });
    expect([chief.status, overview.status]).toEqual([200, 200]);
    expect((await client.get('/')).status).toBe(200);
    for (const process of [api, worker]) expect(await process.terminate()).toBe(0);
  });
});

async function findLine(process: ManagedProcess, pattern: RegExp): Promise<string> {
  let found: string | undefined;
  await until(
    `the log says ${String(pattern)}`,
    () => (found = process.output.map((line) => pattern.exec(line)?.[1]).find(Boolean)) !== undefined,
  );
  return found ?? '';
}
