import { jsonBody, NO_AUTH, type PostmanRequest } from './postman-request.js';

export interface Step {
  readonly name: string;
  /** The name of an operation of the document; without one, `change` is the whole request. */
  readonly operation?: string;
  /** The script that runs before the request. */
  readonly before?: readonly string[];
  /** The script that checks the answer and keeps the values that later steps need. */
  readonly after: readonly string[];
  /** The differences from the request in the folder of its tag. */
  readonly change?: Partial<PostmanRequest>;
}

export const VARIABLES: readonly { readonly key: string; readonly value: string; readonly isSecret?: boolean }[] = [
  { key: 'base_url', value: 'http://127.0.0.1:3000' },
  { key: 'admin_username', value: 'admin' },
  { key: 'admin_password', value: '', isSecret: true },
  { key: 'username', value: '' },
  { key: 'mobile_number', value: '' },
  { key: 'password', value: '', isSecret: true },
  { key: 'access_token', value: '', isSecret: true },
  { key: 'refresh_token', value: '', isSecret: true },
  { key: 'admin_token', value: '', isSecret: true },
  { key: 'user_id', value: '' },
  { key: 'session_id', value: '' },
  { key: 'chatroom_id', value: '' },
  { key: 'message_id', value: '' },
  { key: 'checkout_url', value: '' },
  { key: 'checkout_session_id', value: '' },
  { key: 'event_id', value: '' },
  { key: 'name', value: 'replies' },
];

const answers = (status: number) => `pm.test('answers ${status}', () => pm.response.to.have.status(${status}));`;
const BODY = 'const body = pm.response.json();';
const keep = (key: string, value: string) => `pm.environment.set('${key}', ${value});`;
const expects = (name: string, what: string) => `pm.test('${name}', () => ${what});`;

const at = (path: string) => `{{base_url}}${path}`;
const asAdmin = { type: 'bearer', bearer: [{ key: 'token', value: '{{admin_token}}', type: 'string' }] } as const;

/** The steps of one run through the product: an account, a conversation, a subscription, the administration. */
export const STEPS: readonly Step[] = [
  {
    name: 'Sign up',
    operation: 'signUp',
    before: [
      "const tail = String(Math.floor(Math.random() * 1e9)).padStart(9, '0');",
      keep('username', '`postman_${tail}`'),
      keep('mobile_number', '`+919${tail}`'),
      keep('password', '`a long sentence ${tail}`'),
    ],
    change: { body: jsonBody({ username: '{{username}}', mobile_number: '{{mobile_number}}', password: '{{password}}' }) },
    after: [answers(201), BODY, keep('user_id', 'body.id')],
  },
  {
    name: 'Log in',
    operation: 'logIn',
    change: { body: jsonBody({ identifier: '{{username}}', password: '{{password}}' }) },
    after: [answers(200), BODY, keep('access_token', 'body.access_token'), keep('refresh_token', 'body.refresh_token')],
  },
  {
    name: 'Read the profile',
    operation: 'getMe',
    after: [answers(200), BODY, expects('is on the Basic plan', "pm.expect(body.plan).to.equal('basic')")],
  },
  {
    name: 'Create a chatroom',
    operation: 'createChatroom',
    change: { body: jsonBody({ name: 'Trip to Kyoto' }) },
    after: [answers(201), BODY, keep('chatroom_id', 'body.id')],
  },
  {
    name: 'Send a message',
    operation: 'sendMessage',
    change: { body: jsonBody({ content: 'What should I see in Kyoto?' }) },
    after: [
      answers(202),
      BODY,
      keep('message_id', 'body.reply.id'),
      expects('a reply is pending', "pm.expect(body.reply.status).to.equal('pending')"),
    ],
  },
  {
    name: 'Wait for the reply',
    operation: 'getMessage',
    change: { url: at('/chatroom/{{chatroom_id}}/message/{{message_id}}?wait=30') },
    after: [
      answers(200),
      BODY,
      expects('the reply is completed', "pm.expect(body.status).to.equal('completed')"),
      expects('the reply says something', 'pm.expect(body.content).to.not.be.empty'),
    ],
  },
  {
    name: 'Read the conversation',
    operation: 'getConversation',
    after: [answers(200), BODY, expects('both messages are there', 'pm.expect(body.messages.data).to.have.lengthOf(2)')],
  },
  {
    name: 'Read the status of the subscription',
    operation: 'getStatus',
    change: { url: at('/subscription/status') },
    after: [answers(200), BODY, expects('one message of the day is used', 'pm.expect(body.used_today).to.equal(1)')],
  },
  {
    name: 'Subscribe',
    operation: 'subscribe',
    change: { body: jsonBody({}) },
    after: [answers(201), BODY, keep('checkout_url', 'body.checkout_url'), keep('checkout_session_id', 'body.session_id')],
  },
  {
    name: 'Pay (on the simulated page; with the real Stripe a person does this in a browser)',
    change: {
      method: 'POST',
      url: '{{checkout_url}}',
      auth: NO_AUTH,
      body: {
        mode: 'urlencoded',
        urlencoded: Object.entries({
          method: 'card',
          email: 'ada@example.com',
          number: '4242 4242 4242 4242',
          expiry: '12 / 34',
          cvc: '123',
          name: 'Ada Lovelace',
        }).map(([key, value]) => ({ key, value, type: 'text' })),
      },
    },
    after: ["pm.test('is paid', () => pm.expect(pm.response.code).to.be.below(400));"],
  },
  {
    name: 'Read the result of the payment',
    operation: 'getStatus',
    change: { url: at('/subscription/status?checkout_session_id={{checkout_session_id}}') },
    after: [answers(200), BODY, expects('is on the Pro plan', "pm.expect(body.plan).to.equal('pro')")],
  },
  {
    name: 'Log in as an administrator',
    operation: 'logIn',
    change: { body: jsonBody({ identifier: '{{admin_username}}', password: '{{admin_password}}' }) },
    after: [
      answers(200),
      BODY,
      keep('admin_token', 'body.access_token'),
      expects('is an administrator', "pm.expect(body.user.role).to.equal('admin')"),
    ],
  },
  {
    name: 'Read the stats',
    operation: 'getStats',
    change: { url: at('/admin/stats'), auth: asAdmin },
    after: [answers(200), BODY, expects('the reply is counted', 'pm.expect(body.replies.completed).to.be.above(0)')],
  },
  {
    name: 'Find the user',
    operation: 'listAccounts',
    change: { url: at('/admin/users?q={{username}}'), auth: asAdmin },
    after: [
      answers(200),
      BODY,
      expects('there is one', "pm.expect(body.data.map(({ id }) => id)).to.eql([pm.environment.get('user_id')])"),
    ],
  },
  {
    name: 'Grant Pro',
    operation: 'grantPro',
    change: { body: jsonBody({ days: 30, reason: 'The walkthrough of the collection.' }), auth: asAdmin },
    after: [answers(200), BODY, expects('is on the Pro plan', "pm.expect(body.plan).to.equal('pro')")],
  },
  {
    name: 'Find the grant in the audit log',
    operation: 'listAuditLog',
    change: { url: at('/admin/audit-log?target_id={{user_id}}'), auth: asAdmin },
    after: [answers(200), BODY, expects('the grant is recorded', "pm.expect(body.data[0].action).to.equal('subscription.grant')")],
  },
  {
    name: 'Revoke the grant',
    operation: 'revokeGrant',
    change: { body: jsonBody({ reason: 'The walkthrough is finished.' }), auth: asAdmin },
    after: [answers(200), BODY, expects('the paid plan stays', "pm.expect(body.plan).to.equal('pro')")],
  },
  { name: 'List the queues', operation: 'listQueues', change: { auth: asAdmin }, after: [answers(200)] },
  { name: 'Log out', operation: 'logOut', after: [answers(204)] },
];
