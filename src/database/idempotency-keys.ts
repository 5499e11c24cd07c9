import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { defineError } from '../common/errors/app-error.js';
import type { IdempotencyKey } from '../common/idempotency-key.js';
import type { StatementRunner } from './database.js';
import { violates } from './database.errors.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';
import { statement } from './statement.js';

export class IdempotencyKeyReusedError extends defineError({
  code: 'idempotency_key_reused',
  kind: 'conflict',
  title: 'The idempotency key was used for another request',
  detail: 'This Idempotency-Key was sent with another body before. Use a new key for a new request.',
}) {}

const store = statement({
  name: 'idempotency_keys_store',
  parameters: { user_id: 'uuid', scope: 'text', key: 'text', fingerprint: 'bytea', result: 'jsonb' },
  text: `INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result) VALUES (:user_id, :scope, :key, :fingerprint, :result)`,
});

const forget = statement({
  name: 'idempotency_keys_forget',
  parameters: { user_id: 'uuid' },
  text: `DELETE FROM idempotency_keys WHERE user_id = :user_id`,
});

/**
 * Results of requests that carried a key, kept 24 h, so that a repeat is answered from any process. A key is stored in
 * the transaction of its request's effect, as its last statement and without ON CONFLICT: a repeat waits for the first
 * to commit, then aborts with all it did.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(@InjectRepository(IdempotencyKeyEntity) private readonly keys: Repository<IdempotencyKeyEntity>) {}

  /**
   * The stored result of this request, null if it was not seen (or was refused).
   *
   * @throws IdempotencyKeyReusedError when the key came with another body
   */
  async find(userId: string, { scope, key, fingerprint }: IdempotencyKey): Promise<{ result: unknown } | null> {
    const row = await this.keys.findOne({ select: { fingerprint: true, result: true }, where: { userId, scope, key } });
    if (!row) return null;
    if (!row.fingerprint.equals(fingerprint)) throw new IdempotencyKeyReusedError();
    return { result: row.result };
  }

  /**
   * Stores `result` as the last step of `transaction`.
   * @throws an error that `isRepeatedKey` knows, when another request was first
   */
  async store(transaction: StatementRunner, userId: string, { scope, key, fingerprint }: IdempotencyKey, result: unknown): Promise<void> {
    await transaction.run(store, { user_id: userId, scope, key, fingerprint, result });
  }

  /** Deletes all that is stored for a user. */
  async forget(transaction: StatementRunner, userId: string): Promise<void> {
    await transaction.run(forget, { user_id: userId });
  }
}

/** A statement that tests its keys first found one that is stored already. */
export class RepeatedKeyError extends Error {
  override readonly name = 'RepeatedKeyError';
}

/** True when a statement did nothing because its key is stored already. */
export const isRepeatedKey = (error: unknown): boolean => error instanceof RepeatedKeyError || violates(error, 'pk_idempotency_keys');
