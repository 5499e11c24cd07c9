import fc from 'fast-check';
import { DataSource } from 'typeorm';
import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { isFullSize } from '../support/full-size.js';
import { type Stack, startStack } from '../support/stack.js';
import { findTreeFaults } from '../support/tree.js';

/*
 * Random requests, one by one and at once, against a model of the tree: what the server shows must be what the model
 * holds, and what Gemini was given for a reply must be the path to it.
 */

const KINDS = ['send', 'send after', 'edit', 'regenerate', 'activate', 'cancel'] as const;

interface Request {
  readonly kind: (typeof KINDS)[number];
  /** The index of the message that the step is about. */
  readonly pick: number;
  /** Words for the simulator. */
  readonly scenario: string;
}

interface Node {
  readonly id: string;
  readonly parent: string | null;
  readonly role: string;
  readonly content: string;
}

let stack: Stack;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000000', MAX_PENDING_REPLIES: '1000' });
  user = await stack.api.signUp();
});
afterAll(() => stack.close());

const request: fc.Arbitrary<Request> = fc.record({
  kind: fc.constantFrom(...KINDS),
  pick: fc.nat(1_000),
  scenario: fc.oneof(
    { weight: 6, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('[[error-400]]', '[[blocked-prompt]]', '[[slow 30ms]]', '[[empty]]') },
  ),
});
/** One request, or several at once. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(request) },
  { weight: 1, arbitrary: fc.array(request, { minLength: 2, maxLength: 5 }) },
);

/** The room as it should be: messages in the order of their positions, and the leaf of the active branch. */
class Room {
  private readonly nodes: Node[] = [];
  active: string | null = null;

  get all(): readonly Node[] {
    return this.nodes;
  }

  get(id: string): Node {
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (!node) throw new Error(`no message ${id}`);
    return node;
  }

  pick(role: string, pick: number): Node | undefined {
    const candidates = this.nodes.filter((node) => node.role === role);
    return candidates[pick % candidates.length];
  }

  add({ message, reply }: ExchangeBody): void {
    for (const { id, parent_id: parent, role, content } of [message, reply]) {
      if (!this.nodes.some((node) => node.id === id)) this.nodes.push({ id, parent, role, content });
    }
    this.active = reply.id;
  }

  pathTo(id: string | null): Node[] {
    if (id === null) return [];
    const node = this.get(id);
    return [...this.pathTo(node.parent), node];
  }

  newestBelow(id: string): string {
    const below = this.nodes.filter((node) => this.pathTo(node.id).some((above) => above.id === id));
    return below.at(-1)?.id ?? id;
  }

  siblingsOf({ parent }: Node): string[] {
    return this.nodes.filter((node) => node.parent === parent).map(({ id }) => id);
  }

  /** Takes over what several requests at once have made, in the order that the server gave them. */
  replace(messages: readonly ReplyBody[], active: string | null): void {
    this.nodes.splice(0, Infinity, ...messages.map(({ id, parent_id: parent, role, content }) => ({ id, parent, role, content })));
    this.active = active;
  }
}

let sent = 0;

class Client {
  constructor(
    private readonly talk: Conversation,
    private readonly room: Room,
  ) {}

  /** Does it, and checks what follows of it whatever happens beside it. @returns what the room is to learn */
  async run({ kind, pick, scenario }: Request): Promise<() => void> {
    const [question, answer] = [this.room.pick('user', pick), this.room.pick('model', pick)];
    const any = pick % 2 === 0 ? question : answer;
    const content = `message ${(sent += 1)} ${scenario}`.trim();
    if (!question || !answer || !any || kind === 'send') {
      const exchange = await this.post<ExchangeBody>('', 202, { content });
      return () => {
        expect(exchange.message.parent_id).toBe(this.room.active);
        this.room.add(exchange);
      };
    }
    const accepted = (exchange: ExchangeBody, parent: string | null) => {
      expect(exchange.message.parent_id).toBe(parent);
      expect(exchange.reply.parent_id).toBe(exchange.message.id);
      return () => {
        this.room.add(exchange);
      };
    };
    if (kind === 'send after') return accepted(await this.post('', 202, { content, parent_id: answer.id }), answer.id);
    if (kind === 'edit') return accepted(await this.post(`/${question.id}/edit`, 202, { content }), question.parent);
    if (kind === 'regenerate') {
      const about = any.role === 'user' ? any : this.room.get(any.parent ?? '');
      return accepted(await this.post(`/${any.id}/regenerate`, 202), about.parent);
    }
    if (kind === 'cancel') {
      await this.post(`/${answer.id}/cancel`, 200);
      return () => undefined;
    }
    await this.post(`/${any.id}/activate`, 200);
    return () => {
      this.room.active = this.room.newestBelow(any.id);
    };
  }

  async list(branch: 'active' | 'all'): Promise<ReplyBody[]> {
    const messages: ReplyBody[] = [];
    for (let cursor = ''; ;) {
      const { body } = await stack.api.get<{ data: ReplyBody[]; next_cursor: string | null }>(
        `${this.talk.path}?branch=${branch}&limit=7${cursor}`,
        { token: user.accessToken },
      );
      messages.push(...body.data);
      if (body.next_cursor === null) return messages.reverse();
      cursor = `&cursor=${body.next_cursor}`;
    }
  }

  private async post<Body>(path: string, expected: number, body?: object): Promise<Body> {
    const answer = await stack.api.post<Body>(`${this.talk.path}${path}`, { token: user.accessToken, ...(body ? { body } : {}) });
    expect([path, answer.status]).toEqual([path, expected]);
    return answer.body;
  }
}

/** What was given to the model, by the question at its end. */
async function promptsOf(): Promise<Map<string, [role: string, text: string][][]>> {
  const journal = (await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as { requests: { path: string; body: string }[] };
  const prompts = new Map<string, [string, string][][]>();
  for (const { path, body } of journal.requests) {
    if (!path.includes(':streamGenerateContent')) continue;
    const { contents } = JSON.parse(body) as { contents: { role: string; parts: { text: string }[] }[] };
    const turns = contents.map(({ role, parts }): [string, string] => [role, parts.map(({ text }) => text).join('')]);
    const question = turns.at(-1)?.[1] ?? '';
    prompts.set(question, [...(prompts.get(question) ?? []), turns]);
  }
  return prompts;
}

/**
 * The path to a question, as the model should be given it: without answers that have no text, and without what was
 * blocked or refused.
 */
function promptFor(path: readonly ReplyBody[]): [string, string][] {
  const turns: [string, string][] = [];
  for (const { role, status, content, error } of path) {
    if (status === 'blocked' || error?.code === 'request_rejected') turns.pop();
    else if (role === 'user' || (content !== '' && status !== 'failed')) turns.push([role, content]);
  }
  return turns;
}

test('the tree stays whole, the active branch is a path, and the model is given just that', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      await fetch(`${stack.gemini.url}/_simulator/reset`, { method: 'POST' });
      const talk = await Conversation.start(stack.api, user.accessToken, { name: 'random' });
      const room = new Room();
      const client = new Client(talk, room);
      for (const requests of steps) {
        const effects = await Promise.all(requests.map((one) => client.run(one)));
        if (effects.length === 1) effects[0]?.();
        else {
          const before = room.all;
          const [all, active] = [await client.list('all'), await client.list('active')];
          expect(all.slice(0, before.length).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
          room.replace(all, active.at(-1)?.id ?? null);
        }
        expect((await client.list('active')).map(({ id }) => id)).toEqual(room.pathTo(room.active).map(({ id }) => id));
      }

      for (const { id, role } of room.all) if (role === 'model') await talk.finished(id);
      const all = await client.list('all');
      expect(all.map(({ id, parent_id }) => [id, parent_id])).toEqual(room.all.map(({ id, parent }) => [id, parent]));
      expect(all.map(({ sibling_ids }) => sibling_ids)).toEqual(room.all.map((node) => room.siblingsOf(node)));
      expect(await findTreeFaults(stack.api.app.get(DataSource))).toEqual([]);

      const byId = new Map(all.map((message) => [message.id, message]));
      const prompts = await promptsOf();
      for (const reply of all) {
        if (reply.role !== 'model') continue;
        const path = room.pathTo(reply.parent_id).flatMap(({ id }) => byId.get(id) ?? []);
        const given = prompts.get(path.at(-1)?.content ?? '') ?? [];
        if (reply.status === 'completed') expect(given.length).toBeGreaterThan(0);
        for (const turns of given) expect(turns).toEqual(promptFor(path));
      }
    }),
    { numRuns: isFullSize ? 300 : 20, endOnFailure: !isFullSize },
  );
});
