import { readFileSync } from 'node:fs';
import { signUpAdministrator } from '../support/administrator.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import type { ExchangeBody } from '../support/conversation.js';
import { PNG, upload } from '../support/files.js';

/*
 * Every request that the documentation offers is sent as it stands: with the example of its body and of each query
 * parameter. Only ids and secrets, which nobody can know beforehand, are replaced by real ones.
 */

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown };
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: Record<string, unknown> }> };
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly parameters: Record<string, Parameter> };
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

/** The answers of requests that an example alone cannot make succeed, each with the reason. */
const REFUSED: Readonly<Record<string, readonly [status: number, code: string]>> = {
  // A code and a refresh token are secrets of one use.
  verifyOtp: [401, 'invalid_otp'],
  resetPassword: [401, 'invalid_otp'],
  refreshTokens: [401, 'invalid_token'],
  // Stripe signs its events.
  receiveStripeEvent: [400, 'invalid_signature'],
  // The user has not paid yet.
  cancelSubscription: [409, 'not_subscribed'],
  resumeSubscription: [409, 'not_subscribed'],
  replayWebhookEvent: [404, 'not_found'],
  // ADMIN_READS_CONTENT is not set.
  createLinkToAnyAttachment: [403, 'forbidden'],
  exportFeedback: [403, 'forbidden'],
  // The reply has not failed.
  retryReply: [409, 'reply_not_retryable'],
};

/** What ends the room, sessions or the account comes last. */
const LAST = [
  'deleteAttachment',
  'deleteChatroom',
  'endSession',
  'changePassword',
  'endOtherSessions',
  'endAccountSessions',
  'logOut',
  'eraseMe',
];

const operations = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
  )
  .sort((a, b) => LAST.indexOf(a.operationId) - LAST.indexOf(b.operationId));

const JSON_TYPE = 'application/json';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling();
});
afterAll(async () => {
  await stack.close();
});

test('every example can be sent as it stands, and does no harm', async () => {
  const { api } = stack;
  const admin = await signUpAdministrator(api);
  const other = await api.signUp();
  const exampleOf = (name: string) => operations.find(({ operationId }) => operationId === name)?.requestBody?.content[JSON_TYPE]?.example;

  // The account of the examples, with a conversation, as a reader of the documentation makes it.
  const signedUp = await api.post<{ id: string; challenge_id: string }>('/auth/signup', { body: exampleOf('signUp') });
  expect(signedUp.status).toBe(201);
  await stack.sql('UPDATE users SET verified_at = now() WHERE id = $1', [signedUp.body.id]);
  const signIn = async () => (await api.post<{ access_token: string }>('/auth/login', { body: exampleOf('logIn') })).body;
  let token = (await signIn()).access_token;
  const second = await signIn();
  const room = (await api.post<{ id: string }>('/chatroom', { token, body: exampleOf('createChatroom') })).body.id;
  const exchange = (await api.post<ExchangeBody>(`/chatroom/${room}/message`, { token, body: exampleOf('sendMessage') })).body;
  await api.get(`/chatroom/${room}/message/${exchange.reply.id}?wait=20`, { token });
  const { id: attachment } = (await upload(api, token, PNG)).body;
  const { url: link } = (await api.post<{ url: string }>(`/attachment/${attachment}/link`, { token })).body;
  const [session] = (await api.get<{ data: { id: string }[] }>('/auth/sessions', { token: second.access_token })).body.data;
  await stack.stripe.control('POST', 'webhooks/endpoints', { url: `${api.origin}/webhook/stripe` });

  const ids: Readonly<Record<string, string>> = {
    attachment_id: attachment,
    link: link.split('/').pop() ?? '',
    chatroom_id: room,
    message_id: exchange.reply.id,
    session_id: session?.id ?? '',
    user_id: other.id,
    name: 'replies',
    event_id: 'evt_unknown',
  };
  const answers: string[] = [];
  for (const { method, path, operationId, security, parameters = [], requestBody } of operations) {
    if (operationId === 'signUp') continue;
    if (operationId === 'eraseMe') token = (await signIn()).access_token;
    const isOfUserMessage = operationId === 'editMessage' || operationId === 'editMessageWithPost';
    const given = parameters.map((parameter) => document.components.parameters[parameter.$ref?.split('/').pop() ?? ''] ?? parameter);
    const url = new URL(
      path.replace(/\{(\w+)\}/g, (_, name: string) => (isOfUserMessage && name === 'message_id' ? exchange.message.id : ids[name]) ?? name),
      api.origin,
    );
    for (const { name, in: place, example, schema } of given) {
      const value = (example ?? schema?.example) as string | number | undefined;
      if (place === 'query' && value !== undefined) url.searchParams.set(name, ids[name] ?? String(value));
    }
    if (requestBody?.content['multipart/form-data']) {
      const { status, body: refusal } = await upload(api, token, PNG);
      if (status !== 201) answers.push(`${operationId} answers ${status}: ${JSON.stringify(refusal)}`);
      continue;
    }
    const body = requestBody?.content[JSON_TYPE]?.example;
    const replaced = body && { ...body, ...('message_id' in body ? { message_id: exchange.reply.id } : {}) };
    const response = await api.open(method as 'GET', url.pathname + url.search, {
      ...(security.length === 0 ? {} : { token: path.startsWith('/admin') ? admin.accessToken : token }),
      ...(replaced === undefined ? {} : { body: replaced }),
    });
    // Live events have no end.
    const text = operationId === 'streamEvents' ? await response.body?.cancel() : await response.text();
    const expected = REFUSED[operationId];
    const isExpected = expected ? response.status === expected[0] && text?.includes(`"${expected[1]}"`) : response.ok;
    if (!isExpected)
      answers.push(`${operationId} (${method} ${url.pathname}${url.search}) answers ${response.status}: ${text?.slice(0, 300)}`);
  }
  expect(answers).toEqual([]);
  const [account] = await stack.sql('SELECT role, disabled_at FROM users WHERE id = $1', [other.id]);
  expect(account).toEqual({ role: 'user', disabled_at: null });
});
