import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { CheckoutEntity } from './checkout.entity.js';

const CHECKOUT = columnsOf(CheckoutEntity, ['id', 'successUrl', 'cancelUrl', 'stripeSessionId', 'url']);
const OPEN_CHECKOUT = { ...CHECKOUT.columns, is_stale: 'bool' } as const;

/** A checkout that is open. `is_stale`: the process that was to create its session has probably died. */
export type StoredCheckout = RowOf<typeof OPEN_CHECKOUT>;

const findOpen = statement({
  name: 'checkouts_find_open',
  parameters: { user_id: 'uuid' },
  columns: OPEN_CHECKOUT,
  text: `SELECT ${CHECKOUT.sql()}, stripe_session_id IS NULL AND created_at < now() - interval '1 minute' AS is_stale
   FROM checkouts WHERE user_id = :user_id AND status = 'open'`,
});

const insert = statement({
  name: 'checkouts_insert',
  parameters: { id: 'uuid', user_id: 'uuid', success_url: 'text', cancel_url: 'text' },
  columns: { id: 'uuid' },
  text: `INSERT INTO checkouts (id, user_id, success_url, cancel_url) VALUES (:id, :user_id, :success_url, :cancel_url)
   ON CONFLICT (user_id) WHERE status = 'open' DO NOTHING RETURNING id`,
});

@Injectable()
export class CheckoutsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(CheckoutEntity) private readonly checkouts: Repository<CheckoutEntity>,
  ) {}

  async findOpen(userId: string): Promise<StoredCheckout | null> {
    return (await this.database.run(findOpen, { user_id: userId }))[0] ?? null;
  }

  /** @returns false when the user has an open one */
  async insert(on: StatementRunner, checkout: Pick<CheckoutEntity, 'id' | 'userId' | 'successUrl' | 'cancelUrl'>): Promise<boolean> {
    const { id, userId, successUrl, cancelUrl } = checkout;
    return (await on.run(insert, { id, user_id: userId, success_url: successUrl, cancel_url: cancelUrl })).length === 1;
  }

  async setSession(transaction: Transaction, id: string, session: { id: string; url: string }): Promise<void> {
    await transaction.manager.withRepository(this.checkouts).update({ id }, { stripeSessionId: session.id, url: session.url });
  }

  async setUrl(id: string, url: string): Promise<void> {
    await this.checkouts.update({ id, status: 'open' }, { url });
  }

  async close(id: string, status: Exclude<CheckoutEntity['status'], 'open'>): Promise<void> {
    await this.checkouts.update({ id, status: 'open' }, { status, url: null });
  }
}
