import { DataSource } from 'typeorm';
import { TellOfGrantsThatEnded1795910400210 } from '../../../migrations/1795910400210-tell-of-grants-that-ended.js';
import { newId } from '../../../src/common/ids.js';
import { Database } from '../../../src/database/database.js';
import { type Grant, GrantsService, SubscriptionsModule } from '../../../src/modules/subscriptions/index.js';
import { GrantsRepository } from '../../../src/modules/subscriptions/grants.repository.js';
import { createActor } from '../../factories/index.js';
import { startModule } from '../../support/module.js';

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

test('a grant is given, made longer and revoked, with one line of the audit trail for each', async () => {
  const started = await startModule([SubscriptionsModule]);
  const { module } = started;
  try {
    const dataSource = module.get(DataSource);
    const database = module.get(Database);
    const grants = module.get(GrantsService);
    const { userId } = await createActor(dataSource);
    const stored = async () => {
      const [row] = await dataSource.query<Grant[]>(
        `SELECT id, entitled_until AS "entitledUntil", reason, created_at AS "createdAt", revoked_at AS "revokedAt" FROM grants`,
      );
      return row;
    };
    const [first, later] = [inDays(1), inDays(2)];

    const given = await database.transaction((on) => grants.grant(on, { userId, until: first, reason: 'a gift', actorId: null }));
    expect(given).toEqual({ before: null, after: expect.objectContaining({ entitledUntil: first, reason: 'a gift', revokedAt: null }) });
    expect(given.after).toMatchObject({ ...(await stored()) });

    const same = await database.transaction((on) => grants.grant(on, { userId, until: first, reason: 'again', actorId: null }));
    expect(same.after).toEqual(same.before);

    const longer = await database.transaction((on) => grants.extend(on, { userId, until: later, reason: 'more', actorId: userId }));
    expect([longer.before?.entitledUntil, longer.after?.entitledUntil]).toEqual([first, later]);
    expect(longer.after).toMatchObject({ ...(await stored()) });

    const revoked = await database.transaction((on) => grants.revoke(on, { userId, reason: 'over', actorId: null }));
    expect(revoked.after).toEqual(await stored());
    expect(revoked.after?.revokedAt).toBeInstanceOf(Date);
    expect(await database.transaction((on) => grants.revoke(on, { userId, reason: 'over', actorId: null }))).toEqual({
      before: null,
      after: null,
    });

    const state = (until: Date, revokedAt: Date | null = null) => ({
      entitled_until: until.toISOString(),
      revoked_at: revokedAt?.toISOString() ?? null,
    });
    const end = revoked.after?.revokedAt ?? null;
    expect(await dataSource.query('SELECT cause, reason, actor_id, before, after FROM subscription_transitions ORDER BY id')).toEqual([
      { cause: 'granted', reason: 'a gift', actor_id: null, before: null, after: state(first) },
      { cause: 'extended', reason: 'more', actor_id: userId, before: state(first), after: state(later) },
      { cause: 'revoked', reason: 'over', actor_id: null, before: state(later), after: state(later, end) },
    ]);
  } finally {
    await started.close();
  }
});

const CLAIM = { limit: 5, retryMs: 60_000, giveUpMs: 86_400_000 };

const insertGrant = async (dataSource: DataSource, entitledUntil: Date): Promise<string> => {
  const id = newId();
  const { userId } = await createActor(dataSource);
  await dataSource.query(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, $3, 'test')`, [
    id,
    userId,
    entitledUntil,
  ]);
  return id;
};

test('a grant that has ended is claimed by one worker, and again later unless its end is noted', async () => {
  const started = await startModule([SubscriptionsModule]);
  const { module } = started;
  try {
    const dataSource = module.get(DataSource);
    const grants = module.get(GrantsRepository);
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await insertGrant(dataSource, inDays(-0.5)));

    const claims = await Promise.all([1, 2, 3, 4].map(() => grants.claimEnded(CLAIM)));
    const claimed = claims.flat().map(({ id }) => id);
    // A worker that finds rows locked claims the next ones, so that no row has two workers in any order.
    expect(claimed.toSorted()).toEqual(ids.toSorted());
    expect(await grants.claimEnded(CLAIM)).toEqual([]);

    const [told = '', ...untold] = claimed;
    await grants.noteEnd(told);
    await dataSource.query(`UPDATE grants SET end_notice_due_at = now() - interval '1 second'`);
    const again = [...(await grants.claimEnded(CLAIM)), ...(await grants.claimEnded(CLAIM))];
    expect(again.map(({ id }) => id).toSorted()).toEqual(untold.toSorted());
  } finally {
    await started.close();
  }
});

test('the migration notes what had ended before, so that only later ends are told', async () => {
  const started = await startModule([SubscriptionsModule]);
  const { module } = started;
  try {
    const dataSource = module.get(DataSource);
    const migration = new TellOfGrantsThatEnded1795910400210();
    const runner = dataSource.createQueryRunner();
    await migration.down(runner);
    await insertGrant(dataSource, inDays(-0.5));
    const live = await insertGrant(dataSource, inDays(1));
    await migration.up(runner);
    await runner.release();
    await dataSource.query(`UPDATE grants SET entitled_until = now() - interval '1 minute' WHERE id = $1`, [live]);
    expect((await module.get(GrantsRepository).claimEnded(CLAIM)).map(({ id }) => id)).toEqual([live]);
  } finally {
    await started.close();
  }
});
