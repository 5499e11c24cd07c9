import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { SubscriptionsService } from '../subscriptions/index.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CustomerClosuresRepository } from './customer-closures.repository.js';
import { CustomerUpdatesRepository } from './customer-updates.repository.js';
import { CustomersRepository } from './customers.repository.js';

/** The payers of accounts that the holders of their numbers have reclaimed. */
@Injectable()
export class PayersService {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly closures: CustomerClosuresRepository,
    private readonly updates: CustomerUpdatesRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /**
   * Separates an account from whoever has paid for it. That person's customers at Stripe are closed, which ends their
   * subscriptions, and get back what was paid for periods that are not over. The account keeps no trace of it, because
   * invoices and the customer portal show the payer's name, address and card.
   */
  async release(transaction: Transaction, userId: string): Promise<void> {
    // A sync run writes its customer before its subscriptions, and a payment page its checkout before its customer.
    await this.checkouts.deleteAll(transaction, userId);
    await this.closures.markReclaimed(transaction, await this.customers.release(transaction, userId));
    // Stripe's mails about the refund go to the payer, whose address stays at the customer.
    await this.updates.cancel(transaction, userId);
    await this.subscriptions.forget(transaction, userId);
  }
}
