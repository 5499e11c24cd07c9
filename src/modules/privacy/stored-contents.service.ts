import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { IdempotencyKeys } from '../../database/idempotency-keys.js';
import { AccountContents, type LockedContents } from '../auth/index.js';
import { PayersService } from '../billing/index.js';
import { LiveEventsService } from '../live-events/index.js';
import { DeletionService } from '../messages/index.js';

/**
 * The contents of an account: chatrooms with everything in them, subscriptions, and stored results of requests, which
 * repeat it.
 */
@Injectable()
export class StoredContentsService extends AccountContents {
  constructor(
    private readonly deletion: DeletionService,
    private readonly payers: PayersService,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly liveEvents: LiveEventsService,
  ) {
    super();
  }

  override async lock(transaction: Transaction, userId: string): Promise<LockedContents> {
    const replyIds = await this.deletion.lockReplies(transaction, userId);
    return {
      delete: async () => {
        await this.deletion.deleteChatrooms(transaction, userId);
        await this.payers.release(transaction, userId);
        await this.idempotencyKeys.forget(transaction, userId);
      },
      forget: async () => {
        await Promise.all([this.deletion.forgetReplies(replyIds), this.liveEvents.forget(userId)]);
      },
    };
  }
}
