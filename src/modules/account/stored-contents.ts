import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { IdempotencyKeys } from '../../database/idempotency-keys.js';
import { AccountContents, type LockedContents } from '../auth/index.js';
import { DeletionService } from '../messages/index.js';

/** Chatrooms with all that hangs on them, and the results of requests, which repeat what was in them. */
@Injectable()
export class StoredContents extends AccountContents {
  constructor(
    private readonly deletion: DeletionService,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {
    super();
  }

  override async lock(transaction: Transaction, userId: string): Promise<LockedContents> {
    const replyIds = await this.deletion.lockReplies(transaction, userId);
    return {
      delete: async () => {
        await this.deletion.deleteChatrooms(transaction, userId);
        await this.idempotencyKeys.forget(transaction, userId);
      },
      forget: () => this.deletion.forgetReplies(replyIds),
    };
  }
}
