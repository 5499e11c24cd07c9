import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { UserGoneError } from '../../database/database.errors.js';
import { PlansService } from './plans.service.js';
import { QuotasRepository, type StoredUsage } from './quotas.repository.js';
import { StorageFullError, TooManyChatroomsError } from './subscriptions.errors.js';

/** Limits of what a user stores. */
export interface Quota {
  readonly chatrooms: number;
  readonly bytes: number;
}

/**
 * Decides whether a user may store more. The statements that write chatrooms, messages and attachments keep the
 * counters in the user's row, in the same commit, and raise them only below the quota, so that parallel requests admit
 * exactly as many as fit. Processes of an older release do not know the counters, so that they are counted again before
 * a refusal.
 */
@Injectable()
export class QuotasService {
  constructor(
    private readonly database: Database,
    private readonly quotas: QuotasRepository,
    private readonly plans: PlansService,
    @InjectConfig() private readonly config: Config,
  ) {}

  quotaOf({ plan }: Pick<Actor, 'plan'>): Quota {
    return { chatrooms: this.config.MAX_CHATROOMS, bytes: this.plans.limitsOf(plan).storageBytes };
  }

  /**
   * @throws TooManyChatroomsError when the user may have no more
   * @throws UserGoneError when the account was erased or taken over while the request ran
   */
  async assertRoomForChatroom(actor: Actor): Promise<void> {
    const quota = this.quotaOf(actor);
    await this.requireUsage(actor, ({ chatrooms }) => {
      if (chatrooms >= quota.chatrooms) throw new TooManyChatroomsError(quota.chatrooms);
    });
  }

  /**
   * @param bytes of the texts that are to be stored in a new chatroom
   * @returns the bytes that are free
   * @throws the errors of `assertRoomForChatroom`, and StorageFullError
   */
  async assertRoomFor(actor: Actor, bytes: number): Promise<number> {
    const quota = this.quotaOf(actor);
    const usage = await this.requireUsage(actor, (stored) => {
      if (stored.chatrooms >= quota.chatrooms) throw new TooManyChatroomsError(quota.chatrooms);
      if (stored.bytes + bytes > quota.bytes) throw new StorageFullError(quota.bytes);
    });
    return quota.bytes - usage.bytes;
  }

  /**
   * @param bytes of an attachment
   * @throws StorageFullError when the user may not store them
   * @throws UserGoneError when the account was erased or taken over while the request ran
   */
  async assertRoomForBytes(actor: Actor, bytes: number): Promise<void> {
    const quota = this.quotaOf(actor);
    await this.requireUsage(actor, (stored) => {
      if (stored.bytes + bytes > quota.bytes) throw new StorageFullError(quota.bytes);
    });
  }

  /** Reads the usage. Counts it again before `check` throws because of counters that may be wrong. */
  private async requireUsage(actor: Actor, check: (usage: StoredUsage) => void): Promise<StoredUsage> {
    const known = await this.quotas.find(actor.userId, actor);
    if (known) {
      try {
        check(known);
        return known;
      } catch (error) {
        if (known.is_fresh) throw error;
      }
    }
    await this.recount(actor.userId);
    const counted = await this.quotas.find(actor.userId, actor);
    if (!counted) throw new UserGoneError();
    check(counted);
    return counted;
  }

  /**
   * Every commit that changes the counters locks the user's row, so that the tables do not change under the recount.
   */
  private async recount(userId: string): Promise<void> {
    await this.database.transaction(async (transaction) => {
      if (await this.quotas.lockStale(transaction, userId)) await this.quotas.recount(transaction, userId);
    });
  }
}
