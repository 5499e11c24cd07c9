import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { createActor } from '../factories/index.js';
import { startMailServer, startTwilio } from '../integration/otp-delivery/vendor-servers.js';
import type { Settings } from '../support/api.js';
import { startTestWorker } from '../support/stack.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const FAST: Settings = { SWEEP_INTERVAL: '100ms', LOG_LEVEL: 'silent' };

interface Holder {
  readonly userId: string;
  readonly grantId: string;
  readonly email: string;
}

/**
 * A user with an address, whose grant ended a minute ago unless `ended` says otherwise. No worker tells of it until
 * `release`, so that a test can change the user before.
 */
async function createHolder(dataSource: DataSource, ended = '1 minute'): Promise<Holder> {
  const { userId } = await createActor(dataSource);
  const [grantId, email] = [newId(), `${userId}@example.com`];
  await dataSource.query('UPDATE users SET email = $2 WHERE id = $1', [userId, email]);
  await dataSource.query(
    `INSERT INTO grants (id, user_id, entitled_until, reason, end_notice_due_at) VALUES ($1, $2, now() - $3::interval, 'test', 'infinity')`,
    [grantId, userId, ended],
  );
  return { userId, grantId, email };
}

const release = (dataSource: DataSource, holders: readonly Holder[]) =>
  dataSource.query('UPDATE grants SET end_notice_due_at = NULL WHERE id = ANY($1)', [holders.map(({ grantId }) => grantId)]);

const noted = (dataSource: DataSource, holders: readonly Holder[]) => async (): Promise<boolean> => {
  const [row] = await dataSource.query<[{ open: number }]>(
    'SELECT count(*)::int AS open FROM grants WHERE id = ANY($1) AND end_noted_at IS NULL',
    [holders.map(({ grantId }) => grantId)],
  );
  return row.open === 0;
};

describe('by e-mail', () => {
  let database: TestDatabase;
  let server: Awaited<ReturnType<typeof startMailServer>>;
  let workers: readonly INestApplicationContext[];
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startMailServer();
    const settings: Settings = {
      ...FAST,
      DATABASE_URL: database.url,
      OTP_DELIVERY: 'smtp',
      SMTP_URL: server.url,
      SMTP_FROM: 'service@example.com',
      FRONTEND_URL: 'https://app.example.com/plans',
      BASIC_DAILY_LIMIT: '7',
    };
    const [one, other] = await Promise.all([startTestWorker(settings), startTestWorker(settings)]);
    workers = [one, other];
    dataSource = one.get(DataSource);
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await server.stop();
    await database.drop();
  });

  const mailsTo = ({ email }: Holder) => server.mails.filter(({ to }) => to === email);

  it('each user whose grant has ended is told once, beside a second worker', async () => {
    const holders: Holder[] = [];
    for (let count = 0; count < 25; count += 1) holders.push(await createHolder(dataSource));
    await release(dataSource, holders);
    await until('all are told', noted(dataSource, holders));
    expect(server.mails.map(({ to }) => to).sort()).toEqual(holders.map(({ email }) => email).sort());
    expect(server.mails[0]?.data).toMatch(/^Subject: Your Pro plan has ended$/m);
    const [, body] = server.mails[0]?.data.split('\n\n') ?? [];
    // Quoted-printable (RFC 2045, 6.7) breaks long lines after a "=".
    expect(body?.replaceAll('=\n', '')).toBe(
      [
        'The Pro plan that you were given has ended.',
        'You are on the Basic plan now, with 7 messages a day. Your chatrooms stay as they are.',
        'To have Pro again, subscribe at https://app.example.com/plans',
        '',
      ].join('\n'),
    );
  });

  it('a user who has Pro otherwise, is disabled or has no address is told nothing', async () => {
    const payer = await createHolder(dataSource);
    await dataSource.query(
      `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until)
       VALUES (gen_random_uuid(), $1, 'sub_of_a_payer', 'active', now() + interval '1 day')`,
      [payer.userId],
    );
    const grantedAgain = await createHolder(dataSource);
    await dataSource.query(
      `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'more')`,
      [grantedAgain.userId],
    );
    const disabled = await createHolder(dataSource);
    await dataSource.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.userId]);
    const unreachable = await createHolder(dataSource);
    await dataSource.query('UPDATE users SET email = NULL WHERE id = $1', [unreachable.userId]);
    const holders = [payer, grantedAgain, disabled, unreachable];
    await release(dataSource, holders);
    await until('all are decided', noted(dataSource, holders));
    expect(holders.flatMap(mailsTo)).toEqual([]);
  });

  it('nobody is told of a grant that was revoked, that goes on, or that ended long ago', async () => {
    const revoked = await createHolder(dataSource);
    await dataSource.query('UPDATE grants SET revoked_at = entitled_until WHERE id = $1', [revoked.grantId]);
    const others = [revoked, await createHolder(dataSource, '-1 day'), await createHolder(dataSource, '6 days')];
    // Ended last, so that whoever is told of it would have been told of the others before.
    const last = await createHolder(dataSource, '1 second');
    await release(dataSource, [...others, last]);
    await until('the last one is told', noted(dataSource, [last]));
    expect(mailsTo(last)).toHaveLength(1);
    expect(others.flatMap(mailsTo)).toEqual([]);
    const untouched = await dataSource.query(
      'SELECT id FROM grants WHERE id = ANY($1) AND end_noted_at IS NULL AND end_notice_due_at IS NULL',
      [others.map(({ grantId }) => grantId)],
    );
    expect(untouched).toHaveLength(others.length);
  });

  it('a mail that the server did not take is sent later, one that it never will is given up', async () => {
    server.refuse('451 4.3.0 try later');
    const [retried, refused] = [await createHolder(dataSource), await createHolder(dataSource)];
    await release(dataSource, [retried]);
    await until('the first attempt', async () => {
      const [row] = await dataSource.query<[{ tried: boolean }]>(
        `SELECT end_notice_due_at > now() + interval '20 minutes' AND end_noted_at IS NULL AS tried FROM grants WHERE id = $1`,
        [retried.grantId],
      );
      return row.tried && server.hasRefused();
    });
    expect(mailsTo(retried)).toEqual([]);
    await release(dataSource, [retried]);
    await until('the mail is sent', noted(dataSource, [retried]));
    expect(mailsTo(retried)).toHaveLength(1);

    server.refuse('550 5.1.1 no such mailbox');
    await release(dataSource, [refused]);
    await until('the mail is given up', noted(dataSource, [refused]));
    expect(mailsTo(refused)).toEqual([]);
  });
});

it('no SMS is spent on it', async () => {
  const database = await createTestDatabase();
  const twilio = await startTwilio();
  const worker = await startTestWorker({
    ...FAST,
    DATABASE_URL: database.url,
    OTP_DELIVERY: 'twilio',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a token',
    TWILIO_FROM: '+14155550100',
    TWILIO_BASE_URL: twilio.url,
  });
  try {
    const dataSource = worker.get(DataSource);
    const holders = [await createHolder(dataSource)];
    await release(dataSource, holders);
    await until('it is decided', noted(dataSource, holders));
    expect(twilio.requests).toEqual([]);
  } finally {
    await worker.close();
    await twilio.stop();
    await database.drop();
  }
});
