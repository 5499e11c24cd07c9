import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, type Repository } from 'typeorm';
import type { Actor } from '../../common/actor.js';
import { UserGoneError } from '../../database/database.errors.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { CheckoutEntity } from './checkout.entity.js';

const CHECKOUT = columnsOf(CheckoutEntity, ['id', 'successUrl', 'cancelUrl', 'priceKey', 'stripeSessionId', 'url']);
const OPEN_CHECKOUT = { ...CHECKOUT.columns, is_stale: 'bool' } as const;

/** A checkout that is open. `is_stale`: the process that was to create its session has probably died. */
export type StoredCheckout = RowOf<typeof OPEN_CHECKOUT>;

type NewCheckout = Pick<CheckoutEntity, 'id' | 'successUrl' | 'cancelUrl'> &
  Pick<Actor, 'userId' | 'isVerified'> & { readonly priceKey: string };

const SELECT_OPEN = `SELECT ${CHECKOUT.sql()}, stripe_session_id IS NULL AND created_at < now() - interval '1 minute' AS is_stale
   FROM checkouts WHERE user_id = :user_id AND status = 'open'`;

const findOpen = statement({
  name: 'checkouts_find_open',
  parameters: { user_id: 'uuid' },
  columns: OPEN_CHECKOUT,
  text: SELECT_OPEN,
});

// A request that was let in before the holder of the number reclaimed the account is not shown the holder's page.
const findOpenFor = statement({
  name: 'checkouts_find_open_for',
  parameters: { user_id: 'uuid', is_verified: 'bool' },
  columns: OPEN_CHECKOUT,
  text: `${SELECT_OPEN}
     AND EXISTS (SELECT FROM users WHERE id = :user_id AND (:is_verified::boolean OR reclaimed_at IS NULL))`,
});

// FOR SHARE waits for the holder of the number who is reclaiming the account; a request that was let in before inserts
// nothing then.
const insert = statement({
  name: 'checkouts_insert',
  parameters: { id: 'uuid', user_id: 'uuid', is_verified: 'bool', success_url: 'text', cancel_url: 'text', price_key: 'text' },
  columns: { has_user: 'bool' },
  text: `WITH person AS (
     SELECT id FROM users WHERE id = :user_id AND (:is_verified::boolean OR reclaimed_at IS NULL) FOR SHARE
   ), inserted AS (
     INSERT INTO checkouts (id, user_id, success_url, cancel_url, price_key)
     SELECT :id, id, :success_url, :cancel_url, :price_key FROM person ON CONFLICT (user_id) WHERE status = 'open' DO NOTHING
   ) SELECT EXISTS (SELECT FROM person) AS has_user`,
});

const deleteAll = statement({
  name: 'checkouts_delete_all',
  parameters: { user_id: 'uuid' },
  text: `DELETE FROM checkouts WHERE user_id = :user_id`,
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

  /** The open checkout that a request may see; none when the account was reclaimed since the request began. */
  async findOpenFor({ userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>): Promise<StoredCheckout | null> {
    return (await this.database.run(findOpenFor, { user_id: userId, is_verified: isVerified }))[0] ?? null;
  }

  findBySession(userId: string, stripeSessionId: string): Promise<CheckoutEntity | null> {
    return this.checkouts.findOneBy({ userId, stripeSessionId });
  }

  /** The checkout of a payment page, whoever it belongs to. */
  findOfPage(stripeSessionId: string): Promise<CheckoutEntity | null> {
    return this.checkouts.findOneBy({ stripeSessionId });
  }

  /**
   * Inserts nothing when the user has an open one.
   *
   * @throws UserGoneError when the account was erased or reclaimed since the request began
   */
  async insert({ id, userId, isVerified, successUrl, cancelUrl, priceKey }: NewCheckout): Promise<void> {
    const urls = { success_url: successUrl, cancel_url: cancelUrl };
    const [row] = await this.database.run(insert, { id, user_id: userId, is_verified: isVerified, ...urls, price_key: priceKey });
    if (row?.has_user !== true) throw new UserGoneError();
  }

  async deleteAll(on: StatementRunner, userId: string): Promise<void> {
    await on.run(deleteAll, { user_id: userId });
  }

  /** @returns whether the checkout had no session before */
  async setSession(transaction: Transaction, id: string, session: { id: string; url: string }): Promise<boolean> {
    const checkouts = transaction.manager.withRepository(this.checkouts);
    const { affected } = await checkouts.update({ id, stripeSessionId: IsNull() }, { stripeSessionId: session.id, url: session.url });
    return affected === 1;
  }

  async setUrl(id: string, url: string): Promise<void> {
    await this.checkouts.update({ id, status: 'open' }, { url });
  }

  /** @returns whether the checkout was open */
  async close(id: string, status: Exclude<CheckoutEntity['status'], 'open'>): Promise<boolean> {
    return (await this.checkouts.update({ id, status: 'open' }, { status, url: null })).affected === 1;
  }
}
