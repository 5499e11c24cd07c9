import { DataSource } from 'typeorm';
import { Database } from '../../../src/database/database.js';
import { type Grant, GrantsService, SubscriptionsModule } from '../../../src/modules/subscriptions/index.js';
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
