import { Injectable, Logger } from '@nestjs/common';
import { BodyCache } from '../../cache/body-cache.js';
import type { Actor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { UserGoneError } from '../../database/database.errors.js';
import { statement } from '../../database/statement.js';
import { AuthService, OtpService } from '../auth/index.js';
import { DeletionService } from '../messages/index.js';
import { ErasedDays } from '../subscriptions/index.js';
import { canonicalNumber, spellingsOf, UsersService } from '../users/index.js';

/** How the caller proves, once more, to be the owner. */
export interface ErasureProof {
  readonly password: string | null;
  readonly otp: string | null;
  readonly challengeId: string | null;
}

// Every table that holds something of a user refers to this one, itself or through a chatroom, and goes with it. A request that was let in before the
// holder of the number took the account over ($2: the number was not verified then) deletes nothing.
const deleteUser = statement<{ id: string }>(
  'account_delete_user',
  `DELETE FROM users WHERE id = $1 AND ($2::boolean OR reclaimed_at IS NULL) RETURNING id`,
);

@Injectable()
export class ErasureService {
  private readonly logger = new Logger(ErasureService.name);

  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly auth: AuthService,
    private readonly codes: OtpService,
    private readonly deletion: DeletionService,
    private readonly days: ErasedDays,
    private readonly cache: BodyCache,
  ) {}

  /**
   * Deletes the caller's account and all that hangs on it, in the database, the cache and the streams. Jobs hold only ids and find nothing to do; counters hold
   * only hashes. What was charged to a verified number today is kept under a keyed hash until the day is over.
   *
   * @throws ValidationFailedError without a proof, InvalidCredentialsError, InvalidOtpError, RateLimitedError, LastAdministratorError, UserGoneError
   */
  async eraseMe(actor: Actor, proof: ErasureProof, client: Client): Promise<void> {
    const user = await this.users.getCredentials(actor);
    if (proof.password !== null) await this.users.assertPassword('password', user, proof.password, client);
    else if (proof.otp !== null) await this.auth.assertOwnCode(user, { otp: proof.otp, challengeId: proof.challengeId }, client);
    else throw new ValidationFailedError([{ field: 'password', message: 'password or otp is needed' }]);
    const replyIds = await this.database.transaction(async (transaction) => {
      const locked = await this.deletion.lockReplies(transaction, user.id);
      await this.users.assertDispensable(transaction, user.id);
      await this.codes.erase(transaction, spellingsOf(user.mobile_number));
      await this.days.keep(transaction, user.id, canonicalNumber(user.mobile_number));
      const deleted = await transaction.run(deleteUser, [user.id, actor.isVerified]);
      if (deleted.length === 0) throw new UserGoneError();
      return locked;
    });
    await Promise.all([this.deletion.forgetReplies(replyIds), this.cache.forget(user.id)]);
    this.logger.log(`account ${user.id} was erased`);
  }
}
