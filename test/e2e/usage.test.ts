import { Conversation } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';

interface UsageBody {
  readonly data: {
    day: string;
    model: string;
    messages: number;
    input_tokens: number;
    output_tokens: number;
    searches: number;
    cost_usd: number;
  }[];
  readonly totals: { messages: number; input_tokens: number; output_tokens: number; searches: number; cost_usd: number };
}

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

describe('GET /user/me/usage', () => {
  test('sums up what the replies say of themselves', async () => {
    const user = await stack.api.signUp();
    const read = async () => (await stack.api.get<UsageBody>('/user/me/usage', { token: user.accessToken })).body;
    expect(await read()).toEqual({ data: [], totals: { messages: 0, input_tokens: 0, output_tokens: 0, searches: 0, cost_usd: 0 } });
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
    const replies = [await talk.ask('Hello'), await talk.ask('And?'), await talk.ask('[[error-400]]')];
    const sum = (part: 'input_tokens' | 'output_tokens') => replies.reduce((total, { usage }) => total + (usage?.[part] ?? 0), 0);
    const totals = {
      messages: 2,
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      searches: 0,
      cost_usd: expect.closeTo((sum('input_tokens') * 0.3 + sum('output_tokens') * 2.5) / 1e6, 5),
    };
    const day = replies[0]?.created_at.slice(0, 10);
    expect(await read()).toEqual({ data: [{ day, model: 'gemini-3.5-flash-lite', ...totals }], totals });
  });

  test('refuses what is no day, and what is no range of at most 366 days', async () => {
    const { accessToken: token } = await stack.api.signUp();
    const refusal = async (query: string) => (await stack.api.get(`/user/me/usage?${query}`, { token })).body;
    const invalid = (field: string, message: string) =>
      problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
        errors: [{ field, message }],
      });
    expect(await refusal('from=2026-02-30')).toEqual(invalid('from', 'from must be a day such as 2026-11-22'));
    expect(await refusal('to=yesterday')).toEqual(invalid('to', 'to must be a day such as 2026-11-22'));
    expect(await refusal('from=2026-03-02&to=2026-03-01')).toEqual(invalid('from', 'from must not be after to'));
    expect(await refusal('from=2025-03-01&to=2026-03-02')).toEqual(invalid('from', 'from must be at most 365 days before to'));
    expect((await stack.api.get('/user/me/usage?from=2025-03-01&to=2026-03-01', { token })).status).toBe(200);
  });
});
