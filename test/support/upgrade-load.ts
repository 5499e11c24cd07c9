import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ApiClient, newMobileNumber, newUsername } from './api.js';
import type { ApiProcess } from './cluster.js';
import type { ClusterUser } from './cluster-user.js';
import type { StripeWorld } from './stripe-simulator.js';
import { until } from './until.js';

interface SentMessage {
  readonly user: ClusterUser;
  readonly room: string;
  readonly content: string;
  readonly reply: string;
}

interface Done {
  readonly failures: readonly string[];
  readonly replies: readonly SentMessage[];
  /** The ids of users who have paid for Pro, each once. */
  readonly payers: readonly string[];
}

export interface UpgradeLoad {
  addApi(api: ApiProcess): void;
  /** Requests that are under way still go there. */
  removeApi(api: ApiProcess): void;
  /** Resolves when each user has completed so many more rounds. */
  completeRounds(count: number): Promise<void>;
  stop(): Promise<Done>;
}

interface Traffic {
  readonly users: readonly ClusterUser[];
  /** One for each user. */
  readonly rooms: readonly string[];
  readonly stripe: StripeWorld;
}

/**
 * Each user goes through a round of requests again and again, each request at the next process. No request is sent
 * twice, but for Stripe's webhooks: each goes to one process, and then, as Stripe may repeat it, to the next.
 */
export async function startUpgradeLoad({ users, rooms, stripe }: Traffic): Promise<UpgradeLoad> {
  const apis: ApiProcess[] = [];
  const done = { failures: [] as string[], replies: [] as SentMessage[], payers: [] as string[] };
  const rounds = users.map(() => 0);
  let turn = 0;
  let isStopped = false;
  const client = (): ApiClient => {
    const api = apis[(turn += 1) % apis.length];
    if (!api) throw new Error('no API takes requests');
    return api.client;
  };
  const ask = async <Body>(
    what: string,
    expected: number,
    request: () => Promise<{ status: number; body: Body }>,
  ): Promise<Body | null> => {
    const answer = await request().catch((error: unknown) => String((error as Error).cause ?? error));
    if (typeof answer !== 'string' && answer.status === expected) return answer.body;
    done.failures.push(`${what}: ${typeof answer === 'string' ? answer : `${answer.status} ${JSON.stringify(answer.body)}`}`);
    return null;
  };
  const webhooks = createServer((request, response) => {
    void text(request).then(async (body) => {
      const headers = { 'stripe-signature': String(request.headers['stripe-signature']) };
      for (const delivery of ['webhook', 'repeated webhook'])
        await ask(delivery, 200, () => client().post('/webhook/stripe', { body, headers }));
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhooks.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(webhooks.address() as AddressInfo).port}`;
  await stripe.control('POST', 'webhooks/endpoints', { url });

  const pay = async (id: string, token: string): Promise<void> => {
    const page = await ask('subscribe', 201, () => client().post<{ checkout_url: string }>('/subscribe/pro', { token }));
    if (!page) return;
    await stripe.submit(page.checkout_url);
    done.payers.push(id);
    const status = () => ask('status', 200, () => client().get<{ status: string }>('/subscription/status', { token }));
    await until('the payment counts', async () => (await status())?.status === 'active', 60_000);
  };
  const round = async (user: ClusterUser, room: string, content: string, paying: boolean): Promise<void> => {
    const { token } = user;
    await ask('list', 200, () => client().get('/chatroom', { token }));
    const sent = await ask('send', 202, () =>
      client().post<{ message: { id: string }; reply: { id: string } }>(`/chatroom/${room}/message`, { body: { content }, token }),
    );
    if (sent) {
      const reply = sent.reply.id;
      done.replies.push({ user, room, content, reply });
      await ask('wait', 200, () => client().get(`/chatroom/${room}/message/${reply}?wait=20`, { token }));
      await ask('edit', 202, () =>
        client().patch(`/chatroom/${room}/message/${sent.message.id}`, { body: { content: 'Said in other words' }, token }),
      );
      await ask('activate', 200, () => client().post(`/chatroom/${room}/message/${reply}/activate`, { token }));
    }
    await ask('read', 200, () => client().get(`/chatroom/${room}`, { token }));
    const copied = await ask('copy', 201, () =>
      client().post<{ id: string }>(`/chatroom/${room}/copy`, { body: { message_id: sent?.reply.id }, token }),
    );
    if (copied) await ask('delete', 204, () => client().delete(`/chatroom/${copied.id}`, { token }));
    const [username, password] = [newUsername(), 'correct horse battery'];
    const account = { username, password, mobile_number: newMobileNumber() };
    const created = await ask('sign up', 201, () => client().post<{ id: string }>('/auth/signup', { body: account }));
    const tokens = await ask('sign in', 200, () =>
      client().post<{ access_token: string; refresh_token: string }>('/auth/login', { body: { identifier: username, password } }),
    );
    if (!created || !tokens) return;
    await ask('refresh', 200, () => client().post('/auth/refresh', { body: { refresh_token: tokens.refresh_token } }));
    if (paying) await pay(created.id, tokens.access_token);
    else await ask('erase', 204, () => client().send('DELETE', '/user/me', { body: { password }, token: tokens.access_token }));
  };
  const running = Promise.all(
    users.map(async (user, i) => {
      while (!isStopped) {
        if (apis.length > 0) await round(user, rooms[i] ?? '', `word${i}x${rounds[i] ?? 0}`, i === 0);
        else await new Promise(setImmediate);
        if (apis.length > 0) rounds[i] = (rounds[i] ?? 0) + 1;
      }
    }),
  );
  return {
    addApi: (api) => apis.push(api),
    removeApi: (api) => {
      apis.splice(apis.indexOf(api), 1);
    },
    completeRounds: async (count) => {
      const goals = rounds.map((n) => n + count);
      await until(`${count} rounds`, () => rounds.every((n, i) => n >= (goals[i] ?? 0)), 120_000);
    },
    stop: async () => {
      isStopped = true;
      await running;
      await stripe.control('POST', 'webhooks/settle', { timeout_ms: 60_000 });
      webhooks.closeAllConnections();
      webhooks.close();
      return done;
    },
  };
}
