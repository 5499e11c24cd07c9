/** A request of the collection: what the run adds to what the document says about the operation. */
export interface Step {
  /** The operation's id in the document; without one, `request` is the whole request. */
  readonly operation?: string;
  /** The name in the collection; default: the operation's summary. */
  readonly name?: string;
  /** The body in place of the document's example; its variables are filled in by Postman. */
  readonly body?: object;
  /** Query parameters that are sent; the others stay switched off. */
  readonly query?: Readonly<Record<string, string>>;
  /** Variables for parameters of the path that are not of the parameter's own name. */
  readonly path?: Readonly<Record<string, string>>;
  readonly asAdministrator?: boolean;
  /** Lines of script before the request. */
  readonly before?: readonly string[];
  /** Lines of script that check the answer, which is `body`, and keep what later requests need. */
  readonly after?: readonly string[];
  /** The refusal that is expected, of a request that cannot succeed in a run. */
  readonly refusedWith?: readonly [status: number, code: string];
  readonly request?: object;
}

export interface Folder {
  readonly name: string;
  readonly description: string;
  readonly asAdministrator?: boolean;
  readonly steps: readonly Step[];
}

/** The collection's variables. The run fills in the empty ones, but for the administrator's password. */
export const VARIABLES: Readonly<Record<string, string>> = {
  base_url: 'http://127.0.0.1:3000',
  admin_username: 'admin',
  admin_password: '',
  username: '',
  mobile_number: '',
  password: '',
  challenge_id: '',
  otp: '',
  access_token: '',
  refresh_token: '',
  admin_token: '',
  user_id: '',
  session_id: '',
  chatroom_id: '',
  user_message_id: '',
  message_id: '',
  attachment_id: '',
  link: '',
  checkout_url: '',
  checkout_session_id: '',
  event_id: '',
  name: 'replies',
};

const keep = (key: string, value: string) => `pm.collectionVariables.set('${key}', ${value});`;
const expects = (name: string, what: string) => `pm.test('${name}', () => ${what});`;

const KEEP_CODE = [keep('challenge_id', 'body.challenge_id'), keep('otp', "body.otp ?? ''")];
const KEEP_TOKENS = [keep('access_token', 'body.access_token'), keep('refresh_token', 'body.refresh_token')];
const KEEP_EXCHANGE = [keep('user_message_id', 'body.message.id'), keep('message_id', 'body.reply.id')];
const IS_PRO = expects('is on the Pro plan', "pm.expect(body.plan).to.equal('pro')");
const CODE = { mobile_number: '{{mobile_number}}', otp: '{{otp}}', challenge_id: '{{challenge_id}}' };

/** What a person types on the payment page of the simulator; at Stripe itself it is done in a browser. */
const CARD = {
  method: 'card',
  email: 'ada@example.com',
  number: '4242 4242 4242 4242',
  expiry: '12 / 34',
  cvc: '123',
  name: 'Ada Lovelace',
};

/**
 * The order of one run of the whole collection. An operation that is named in no folder comes last in the folder of its
 * tag, as the document shows it.
 */
export const FOLDERS: readonly Folder[] = [
  {
    name: 'Auth',
    description: 'Creates an account of its own and signs it in. Run this folder first: the others use its tokens.',
    steps: [
      {
        operation: 'signUp',
        before: [
          "const tail = String(Math.floor(Math.random() * 1e9)).padStart(9, '0');",
          keep('username', '`postman_${tail}`'),
          keep('mobile_number', '`+919${tail}`'),
          keep('password', '`a long sentence ${tail}`'),
        ],
        body: { username: '{{username}}', mobile_number: '{{mobile_number}}', password: '{{password}}' },
        after: [keep('user_id', 'body.id')],
      },
      { operation: 'forgotPassword', body: { mobile_number: '{{mobile_number}}' }, after: KEEP_CODE },
      {
        operation: 'resetPassword',
        before: [keep('password', "`${pm.collectionVariables.get('password')}, changed`")],
        body: { ...CODE, new_password: '{{password}}' },
      },
      {
        operation: 'logIn',
        body: { identifier: '{{username}}', password: '{{password}}' },
        after: [...KEEP_TOKENS, expects('is on the Basic plan', "pm.expect(body.user.plan).to.equal('basic')")],
      },
      { operation: 'sendOtp', body: { mobile_number: '{{mobile_number}}' }, after: KEEP_CODE },
      {
        operation: 'verifyOtp',
        body: CODE,
        after: [...KEEP_TOKENS, expects('the number is verified', 'pm.expect(body.user.is_verified).to.be.true')],
      },
      { operation: 'refreshTokens', body: { refresh_token: '{{refresh_token}}' }, after: KEEP_TOKENS },
      {
        operation: 'listSessions',
        after: [
          expects('both sign-ins are listed', 'pm.expect(body.data).to.have.lengthOf(2)'),
          keep('session_id', 'body.data.find(({ current }) => !current).id'),
        ],
      },
      { operation: 'endSession' },
      { operation: 'endOtherSessions' },
      { operation: 'changePassword', body: { current_password: '{{password}}', new_password: '{{password}}' } },
    ],
  },
  {
    name: 'Users',
    description: 'The account of the folder Auth.',
    steps: [
      { operation: 'getMe', after: [keep('user_id', 'body.id')] },
      { operation: 'updateMe', body: { username: '{{username}}' } },
    ],
  },
  {
    name: 'Chatrooms',
    description: 'Creates a chatroom, imports another one, and keeps the id of the imported one for the messages.',
    steps: [
      { operation: 'listModels' },
      { operation: 'createChatroom', after: [keep('chatroom_id', 'body.id')] },
      { operation: 'listChatrooms' },
      { operation: 'updateChatroom' },
      { operation: 'importChatroom', after: [keep('chatroom_id', 'body.id')] },
      {
        operation: 'getChatroom',
        after: [
          expects('the imported messages are there', 'pm.expect(body.messages.data).to.not.be.empty'),
          keep('message_id', 'body.messages.data.at(-1).id'),
        ],
      },
      { operation: 'copyChatroom', body: { message_id: '{{message_id}}' } },
      { operation: 'exportChatroom' },
      { operation: 'streamChatroom' },
      { operation: 'cancelReplies' },
    ],
  },
  {
    name: 'Attachments',
    description: 'Uploads a file, opens it, and deletes it, as no message has taken it.',
    steps: [
      {
        operation: 'uploadAttachment',
        after: [keep('attachment_id', 'body.id'), expects('it is text', "pm.expect(body.media_type).to.equal('text/plain')")],
      },
      { operation: 'downloadAttachment', after: [expects('the bytes come back', "pm.expect(text).to.include('Kyoto')")] },
      { operation: 'createAttachmentLink', after: [keep('link', "body.url.split('/').pop()")] },
      { operation: 'openAttachmentLink', after: [expects('the bytes come back', "pm.expect(text).to.include('Kyoto')")] },
      { operation: 'deleteAttachment' },
    ],
  },
  {
    name: 'Messages',
    description: 'Sends a message, waits for the reply, and makes branches beside both.',
    steps: [
      {
        operation: 'sendMessage',
        after: [...KEEP_EXCHANGE, expects('a reply is pending', "pm.expect(body.reply.status).to.equal('pending')")],
      },
      {
        operation: 'getMessage',
        query: { wait: '30' },
        after: [
          expects('the reply is completed', "pm.expect(body.status).to.equal('completed')"),
          expects('the reply says something', 'pm.expect(body.content).to.not.be.empty'),
        ],
      },
      { operation: 'streamReply', after: [expects('the stream is complete', "pm.expect(text).to.include('[DONE]')")] },
      { operation: 'listMessages', after: [expects('the reply is the newest', 'pm.expect(body.data[0].reply_to).to.be.a("string")')] },
      { operation: 'rateReply' },
      { operation: 'deleteRating' },
      { operation: 'regenerateReply', after: [keep('message_id', 'body.reply.id')] },
      { operation: 'editMessage', path: { message_id: '{{user_message_id}}' }, after: KEEP_EXCHANGE },
      { operation: 'editMessageWithPost', path: { message_id: '{{user_message_id}}' }, after: KEEP_EXCHANGE },
      { operation: 'cancelReply' },
      { operation: 'activateMessage' },
      { operation: 'searchMessages' },
    ],
  },
  {
    name: 'Subscription',
    description: 'Buys the Pro plan on the payment page of the simulated Stripe. With the real one, pay in a browser.',
    steps: [
      { operation: 'listPlans' },
      {
        operation: 'openCheckout',
        after: [keep('checkout_url', 'body.checkout_url'), keep('checkout_session_id', 'body.session_id')],
      },
      {
        name: 'Pay on the page of the simulated Stripe',
        request: {
          method: 'POST',
          url: '{{checkout_url}}',
          auth: { type: 'noauth' },
          body: { mode: 'urlencoded', urlencoded: Object.entries(CARD).map(([key, value]) => ({ key, value, type: 'text' })) },
        },
        after: [expects('leads back', 'pm.expect(pm.response.code).to.equal(303)')],
      },
      { operation: 'getSubscriptionStatus', query: { checkout_session_id: '{{checkout_session_id}}' }, after: [IS_PRO] },
      { operation: 'listInvoices' },
      { operation: 'openCustomerPortal' },
      { operation: 'cancelSubscription', after: [expects('ends later', 'pm.expect(body.cancel_at_period_end).to.be.true')] },
      { operation: 'resumeSubscription', after: [expects('goes on', 'pm.expect(body.cancel_at_period_end).to.be.false')] },
      { operation: 'showReturnPage', query: { checkout_session_id: '{{checkout_session_id}}' } },
      // Only Stripe can sign its events.
      { operation: 'receiveStripeEvent', refusedWith: [400, 'invalid_signature'] },
    ],
  },
  {
    name: 'Admin',
    description: 'Needs the password of an administrator in the variable `admin_password`: `npm start` prints it at its first start.',
    asAdministrator: true,
    steps: [
      {
        operation: 'logIn',
        name: 'Sign in as an administrator',
        body: { identifier: '{{admin_username}}', password: '{{admin_password}}' },
        after: [keep('admin_token', 'body.access_token'), expects('is an administrator', "pm.expect(body.user.role).to.equal('admin')")],
      },
      { operation: 'getAttention' },
      { operation: 'getStats', after: [expects('the reply is counted', 'pm.expect(body.replies.completed).to.be.above(0)')] },
      { operation: 'listUserCosts' },
      {
        operation: 'listAccounts',
        query: { q: '{{username}}' },
        after: [expects('there is one', "pm.expect(body.data.map(({ id }) => id)).to.eql([pm.variables.get('user_id')])")],
      },
      { operation: 'exportAccounts' },
      { operation: 'getAccount' },
      { operation: 'updateAccount' },
      { operation: 'listAllChatrooms', query: { user_id: '{{user_id}}' } },
      { operation: 'listAllMessages', query: { user_id: '{{user_id}}' } },
      { operation: 'exportMessages', query: { user_id: '{{user_id}}' } },
      // Users' contents are not for administrators unless ADMIN_READS_CONTENT says so.
      { operation: 'createLinkToAnyAttachment', refusedWith: [403, 'forbidden'] },
      { operation: 'exportFeedback', refusedWith: [403, 'forbidden'] },
      { operation: 'retryReplies' },
      // The reply has not failed.
      { operation: 'retryReply', refusedWith: [409, 'reply_not_retryable'] },
      { operation: 'getStripeStatus' },
      { operation: 'listSubscriptions', query: { user_id: '{{user_id}}' } },
      { operation: 'listOverdueCustomers' },
      { operation: 'syncSubscriptions' },
      { operation: 'grantPro', after: [IS_PRO] },
      { operation: 'extendGrant', after: [IS_PRO] },
      { operation: 'revokeGrant', after: [expects('the paid plan stays', "pm.expect(body.plan).to.equal('pro')")] },
      { operation: 'listWebhookEvents', after: [keep('event_id', 'body.data[0].id')] },
      { operation: 'replayWebhookEvent' },
      { operation: 'listRefunds' },
      { operation: 'listQueues' },
      { operation: 'pauseQueue' },
      { operation: 'resumeQueue' },
      { operation: 'retryJobs' },
      {
        operation: 'listAuditLog',
        query: { target_id: '{{user_id}}' },
        after: [expects('the grant is recorded', "pm.expect(body.data.map(({ action }) => action)).to.include('subscription.grant')")],
      },
      { operation: 'exportAuditLog' },
      { operation: 'endAccountSessions' },
    ],
  },
  { name: 'Service', description: 'For load balancers.', steps: [] },
  {
    name: 'The end',
    description: 'Takes back what the run has made.',
    steps: [
      {
        operation: 'logIn',
        name: 'Sign in again, since the administrator has ended the sessions',
        body: { identifier: '{{username}}', password: '{{password}}' },
        after: KEEP_TOKENS,
      },
      { operation: 'deleteChatroom' },
      { operation: 'eraseMe', body: { password: '{{password}}' } },
      { operation: 'logOut', name: 'End the session of the administrator', asAdministrator: true },
    ],
  },
];
