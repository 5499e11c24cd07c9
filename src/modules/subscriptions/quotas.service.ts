import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { UserGoneError } from '../../database/database.errors.js';
import { statement } from '../../database/statement.js';
import { PlansService } from './plans.service.js';
import { StorageFullError, TooManyChatroomsError } from './subscriptions.errors.js';

/** Limits of what a user keeps. */
export interface Quota {
  readonly chatrooms: number;
  readonly bytes: number;
}

interface Usage {
  readonly chatrooms: number;
  readonly bytes: number;
  /** The counters were compared with the tables a short while ago. */
  readonly is_fresh: boolean;
}

/** A refusal trusts counters that are younger. The recount reads all messages of the user, so a client must not have one made by each request. */
const FRESH = `interval '1 minute'`;

// A bigint as a number: quotas are below 2^53.
const USAGE = `u.chatroom_count AS chatrooms, u.stored_bytes::float8 AS bytes`;

// $2: the number was verified when the request was let in. Without that, an account that the holder of the number has taken over is gone.
const find = statement<Usage>(
  'quotas_find',
  `SELECT ${USAGE}, coalesce(u.usage_counted_at > now() - ${FRESH}, false) AS is_fresh FROM users u
   WHERE u.id = $1 AND u.usage_counted_at IS NOT NULL AND ($2::boolean OR u.reclaimed_at IS NULL)`,
);

const lock = statement<{ is_fresh: boolean }>(
  'quotas_lock',
  `SELECT coalesce(u.usage_counted_at > now() - ${FRESH}, false) AS is_fresh FROM users u WHERE u.id = $1 FOR NO KEY UPDATE`,
);

// octet_length reads no text that PostgreSQL stores outside of the row.
const recount = statement<never>(
  'quotas_recount',
  `UPDATE users u SET usage_counted_at = now(),
     chatroom_count = (SELECT count(*) FROM chatrooms c WHERE c.user_id = u.id),
     stored_bytes = (SELECT coalesce(sum(octet_length(m.content)), 0) FROM messages m WHERE m.user_id = u.id)
   WHERE u.id = $1`,
);

/**
 * Decides whether a user may keep more. The statements that write chatrooms and messages keep the counters in the user's row, in the same commit,
 * and those that are limited raise them only below the quota, so that parallel requests admit exactly as many as fit. Processes of a release that
 * does not know the counters leave them behind; before a refusal they are counted again.
 */
@Injectable()
export class QuotasService {
  constructor(
    private readonly database: Database,
    private readonly plans: PlansService,
    @InjectConfig() private readonly config: Config,
  ) {}

  quotaOf({ plan }: Pick<Actor, 'plan'>): Quota {
    return { chatrooms: this.config.MAX_CHATROOMS, bytes: this.plans.limitsOf(plan).storageBytes };
  }

  /** @throws TooManyChatroomsError when the user may have no more; UserGoneError when the account was erased or taken over while the request ran */
  async assertRoomForChatroom(actor: Actor): Promise<void> {
    const quota = this.quotaOf(actor);
    await this.usageWithin(actor, (usage) => {
      if (usage.chatrooms >= quota.chatrooms) throw new TooManyChatroomsError(quota.chatrooms);
    });
  }

  /**
   * @param bytes of the texts that are to be stored in a new chatroom
   * @returns the bytes that are free
   * @throws as above, and StorageFullError
   */
  async assertRoomFor(actor: Actor, bytes: number): Promise<number> {
    const quota = this.quotaOf(actor);
    const usage = await this.usageWithin(actor, (usage) => {
      if (usage.chatrooms >= quota.chatrooms) throw new TooManyChatroomsError(quota.chatrooms);
      if (usage.bytes + bytes > quota.bytes) throw new StorageFullError(quota.bytes);
    });
    return quota.bytes - usage.bytes;
  }

  /** Reads the usage, and counts it again before `check` throws because of counters that may have drifted. */
  private async usageWithin({ userId, isVerified }: Actor, check: (usage: Usage) => void): Promise<Usage> {
    const [known] = await this.database.run(find, [userId, isVerified]);
    if (known) {
      try {
        check(known);
        return known;
      } catch (error) {
        if (known.is_fresh) throw error;
      }
    }
    await this.recount(userId);
    const [counted] = await this.database.run(find, [userId, isVerified]);
    if (!counted) throw new UserGoneError();
    check(counted);
    return counted;
  }

  /** Every commit that changes the counters holds the user's row: with the row locked, the tables show all that is counted, and no more. */
  private async recount(userId: string): Promise<void> {
    await this.database.transaction(async (transaction) => {
      const [row] = await transaction.run(lock, [userId]);
      if (row && !row.is_fresh) await transaction.run(recount, [userId]);
    });
  }
}
