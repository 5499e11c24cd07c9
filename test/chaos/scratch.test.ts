import { startCluster, type Cluster } from '../support/cluster.js';
import { newUsername, newMobileNumber } from '../support/api.js';
let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ apis: 2, workers: 2 });
}, 60_000);
afterAll(async () => {
  for (const p of [...cluster.apis.map((a) => a.process), ...cluster.workers]) console.log(p.name, p.output.slice(-40).join('\n'));
  await cluster.close();
}, 60_000);
test('a message', async () => {
  const [a, b] = cluster.apis;
  const c = a!.client;
  const username = newUsername();
  const su = await c.post<any>('/auth/signup', { body: { username, password: 'correct horse battery', mobile_number: newMobileNumber() } });
  expect(su.status).toBe(201);
  const login = await c.post<any>('/auth/login', { body: { identifier: username, password: 'correct horse battery' } });
  const token = login.body.access_token;
  const room = await c.post<any>('/chatroom', { body: {}, token });
  const sent = await c.post<any>(`/chatroom/${room.body.id}/message`, { body: { content: 'Hello' }, token });
  expect(sent.status).toBe(202);
  const got = await b!.client.get<any>(sent.headers.get('location')! + '?wait=20', { token });
  console.log(got.body.status, got.body.content);
  // redis down: accepting goes on
  await cluster.redis.kill();
  const t = Date.now();
  const sent2 = await c.post<any>(`/chatroom/${room.body.id}/message`, { body: { content: 'Hello 2' }, token });
  console.log('accept without redis', sent2.status, Date.now() - t);
  await cluster.redis.restart();
  const got2 = await b!.client.get<any>(sent2.headers.get('location')! + '?wait=20', { token });
  console.log(got2.body.status, Date.now() - t);
  cluster.redis.freeze();
  const t3 = Date.now();
  const sent3 = await c.post<any>(`/chatroom/${room.body.id}/message`, { body: { content: 'Hello 3' }, token });
  console.log('accept with frozen redis', sent3.status, Date.now() - t3);
  await new Promise((r) => setTimeout(r, 8000));
  const t4 = Date.now();
  const sent4 = await c.post<any>(`/chatroom/${room.body.id}/message`, { body: { content: 'Hello 3' }, token });
  console.log('accept with frozen redis later', sent4.status, Date.now() - t4);
  cluster.redis.thaw();
  const t5 = Date.now();
  const got4 = await b!.client.get<any>(sent4.headers.get('location')! + '?wait=20', { token });
  console.log(got4.body.status, Date.now() - t5);
  const t6 = Date.now();
  console.log(await Promise.all([...cluster.apis.map((x) => x.process), ...cluster.workers].map((p) => p.terminate())), Date.now() - t6);
}, 90_000);
