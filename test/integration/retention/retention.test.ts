import { DataSource } from 'typeorm';
import { RetentionService } from '../../../src/apps/worker/retention/retention.service.js';
import { newId } from '../../../src/common/ids.js';
import { startModule } from '../../support/module.js';

const DAY_MS = 86_400_000;
const KEPT = { RETAIN_CODES: '1d', RETAIN_SESSIONS: '30d', RETAIN_IDEMPOTENCY_KEYS: '1d', RETAIN_UNVERIFIED_ACCOUNTS: '7d' };

async function start(settings: Record<string, string> = {}) {
  const started = await startModule([{ module: class Retention {}, providers: [RetentionService] }], { ...KEPT, ...settings });
  const { module } = started;
  const dataSource = module.get(DataSource);
  const ago = (days: number) => new Date(Date.now() - days * DAY_MS);
  let made = 0;
  const user = async ({ created = 0, verified = true, role = 'user' }: { created?: number; verified?: boolean; role?: string }) => {
    const id = newId();
    made += 1;
    await dataSource.query(
      `INSERT INTO users (id, username, mobile_number, role, created_at, verified_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, `someone_${made}`, `+9190000${String(made).padStart(5, '0')}`, role, ago(created), verified ? new Date() : null],
    );
    return id;
  };
  const left = async (table: string, column: string): Promise<string[]> =>
    (await dataSource.query<{ value: string }[]>(`SELECT ${column}::text AS value FROM ${table} ORDER BY 1`)).map(({ value }) => value);
  return { dataSource, ago, user, left, close: () => started.close(), run: () => module.get(RetentionService).deleteExpired() };
}

test('deletes codes a day, sessions thirty days and idempotency keys a day after their end, and not before', async () => {
  const { dataSource, ago, user, left, run, close } = await start();
  try {
    const owner = await user({});
    for (const days of [0.9, 1.1]) {
      await dataSource.query(`INSERT INTO otp_challenges (id, mobile_number, purpose, expires_at) VALUES ($1, $2, 'sign_in', $3)`, [
        newId(),
        `+91${days * 10}000000`,
        ago(days),
      ]);
      await dataSource.query(
        `INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result, created_at) VALUES ($1, 'POST /x', $2, $3, '{}', $4)`,
        [owner, String(days), Buffer.alloc(32), ago(days)],
      );
    }
    const session = (device: string, expires: Date, ended: Date | null) =>
      dataSource.query(
        `INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, device, expires_at, ended_at) VALUES ($1, $2, $3, $3, $4, $5, $6)`,
        [newId(), owner, Buffer.alloc(32), device, expires, ended],
      );
    await session('live', ago(-1), null);
    await session('ended lately', ago(-1), ago(29));
    await session('ended long ago', ago(-1), ago(31));
    await session('expired lately', ago(29), null);
    await session('expired long ago', ago(31), null);
    await dataSource.query(`INSERT INTO counters (key, count, window_ends_at) VALUES ('\\x01', 1, $1), ('\\x02', 1, $2)`, [
      ago(-1),
      ago(1),
    ]);
    await dataSource.query(
      `INSERT INTO erased_days (day, number_hash, messages)
       SELECT (now() AT TIME ZONE 'UTC')::date - n, sha256(n::text::bytea), n + 1 FROM generate_series(0, 2) n`,
    );
    await run();
    expect(await left('erased_days', 'messages')).toEqual(['1']);
    expect(await left('otp_challenges', 'mobile_number')).toEqual(['+919000000']);
    expect(await left('idempotency_keys', 'key')).toEqual(['0.9']);
    expect(await left('sessions', 'device')).toEqual(['ended lately', 'expired lately', 'live']);
    expect(await left('counters', 'key')).toEqual(['\\x01']);
  } finally {
    await close();
  }
});

test('deletes what was kept of closed customers with the events of Stripe, and what is still to be closed never', async () => {
  const { dataSource, ago, left, run, close } = await start({ RETAIN_STRIPE_EVENTS: '90d' });
  try {
    await dataSource.query(
      `INSERT INTO customer_closures (stripe_customer_id, created_at, closed_at) VALUES ('cus_old', $1, $1), ('cus_late', $2, $2), ('cus_open', $1, NULL)`,
      [ago(91), ago(89)],
    );
    await run();
    expect(await left('customer_closures', 'stripe_customer_id')).toEqual(['cus_late', 'cus_open']);
  } finally {
    await close();
  }
});

test('deletes accounts without a verified number after seven days, but no administrator and none that holds something', async () => {
  const { dataSource, user, left, run, close } = await start({ REQUIRE_VERIFIED_NUMBER: 'true' });
  try {
    const kept = [
      await user({ created: 6.9, verified: false }),
      await user({ created: 100 }),
      await user({ created: 100, verified: false, role: 'admin' }),
    ];
    const [withRoom, withCustomer, withGrant] = [
      await user({ created: 100, verified: false }),
      await user({ created: 100, verified: false }),
      await user({ created: 100, verified: false }),
    ];
    await dataSource.query(`INSERT INTO chatrooms (id, user_id) VALUES ($1, $2)`, [newId(), withRoom]);
    await dataSource.query(`INSERT INTO stripe_customers (user_id, stripe_customer_id) VALUES ($1, 'cus_1')`, [withCustomer]);
    await dataSource.query(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, now(), 'a test')`, [
      newId(),
      withGrant,
    ]);
    await user({ created: 7.1, verified: false });
    await run();
    expect(await left('users', 'id')).toEqual([...kept, withRoom, withCustomer, withGrant].sort());
  } finally {
    await close();
  }
});

test('keeps accounts without a verified number where none is required', async () => {
  const { user, left, run, close } = await start({ REQUIRE_VERIFIED_NUMBER: 'false' });
  try {
    const id = await user({ created: 100, verified: false });
    await run();
    expect(await left('users', 'id')).toEqual([id]);
  } finally {
    await close();
  }
});

test('deletes entries of the audit log after 400 days', async () => {
  const { dataSource, ago, left, run, close } = await start();
  try {
    for (const days of [0, 399, 401]) {
      await dataSource.query(
        `INSERT INTO audit_log (id, actor_id, action, target_type, ip, created_at) VALUES ($1, $1, $2, 'user', '192.0.2.1', $3)`,
        [newId(), `done ${days} days ago`, ago(days)],
      );
    }
    await run();
    expect(await left('audit_log', 'action')).toEqual(['done 0 days ago', 'done 399 days ago']);
  } finally {
    await close();
  }
});

test('forgets trials after two years', async () => {
  const { dataSource, ago, left, run, close } = await start();
  try {
    for (const days of [0, 729, 731]) {
      await dataSource.query(`INSERT INTO trial_claims (identity_hash, stripe_subscription_id, created_at) VALUES (sha256($1), $2, $3)`, [
        Buffer.from(String(days)),
        `sub_${days}`,
        ago(days),
      ]);
    }
    await run();
    expect(await left('trial_claims', 'stripe_subscription_id')).toEqual(['sub_0', 'sub_729']);
  } finally {
    await close();
  }
});

test('works off more than one batch', async () => {
  const { dataSource, left, run, close } = await start();
  try {
    await dataSource.query(
      `INSERT INTO otp_challenges (id, mobile_number, purpose, expires_at)
       SELECT gen_random_uuid(), '+911000000', 'sign_in', now() - interval '2 days' FROM generate_series(1, 1200)`,
    );
    await run();
    expect(await left('otp_challenges', 'id')).toEqual([]);
  } finally {
    await close();
  }
});
