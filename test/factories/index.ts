import { randomInt } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Actor, Plan } from '../../src/common/actor.js';
import { newId } from '../../src/common/ids.js';

/** A user with a session, as the guard would see it. */
export async function createActor(dataSource: DataSource, { plan = 'basic' }: { plan?: Plan } = {}): Promise<Actor> {
  const userId = newId();
  await dataSource.query(`INSERT INTO users (id, username, mobile_number) VALUES ($1, $2, $3)`, [
    userId,
    `user_${userId.replaceAll('-', '').slice(-24)}`,
    `+1${randomInt(2_000_000_000, 9_999_999_999)}`,
  ]);
  if (plan === 'pro') {
    await dataSource.query(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, now() + interval '30 days', 'test')`, [
      newId(),
      userId,
    ]);
  }
  return { userId, sessionId: newId(), role: 'user', isVerified: true, plan, listVersion: '0' };
}

/** A chatroom of that user. @returns its id */
export async function createRoom(
  dataSource: DataSource,
  { userId }: Actor,
  { name = 'A room' }: { name?: string | null } = {},
): Promise<string> {
  const id = newId();
  await dataSource.query(`INSERT INTO chatrooms (id, user_id, name) VALUES ($1, $2, $3)`, [id, userId, name]);
  return id;
}
