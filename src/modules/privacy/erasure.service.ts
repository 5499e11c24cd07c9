import { Injectable, Logger } from '@nestjs/common';
import { BodyCache } from '../../cache/body-cache.js';
import type { Actor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { UserGoneError } from '../../database/database.errors.js';
import { AuthService, OtpService } from '../auth/index.js';
import { LiveEventsService } from '../live-events/index.js';
import { DeletionService } from '../messages/index.js';
import { ErasedDaysService } from '../subscriptions/index.js';
import { canonicalNumber, deleteUser, spellingsOf, UsersService } from '../users/index.js';

/** Proves once more that the caller is the owner: the password, or a one-time code. */
export interface ErasureProof {
  readonly password: string | null;
  readonly otp: string | null;
  readonly challengeId: string | null;
}

@Injectable()
export class ErasureService {
  private readonly logger = new Logger(ErasureService.name);

  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly auth: AuthService,
    private readonly codes: OtpService,
    private readonly deletion: DeletionService,
    private readonly days: ErasedDaysService,
    private readonly cache: BodyCache,
    private readonly liveEvents: LiveEventsService,
  ) {}

  /**
   * Deletes the caller's account and everything that belongs to it in the database, the cache and the streams. Jobs
   * contain only ids and find nothing to do; counters contain only hashes. The messages that were charged to a verified
   * number today are kept under a keyed hash until the day ends.
   *
   * @throws ValidationFailedError without a proof, InvalidCredentialsError, InvalidOtpError, RateLimitedError,
   *   LastAdministratorError, UserGoneError
   */
  async eraseMe(actor: Actor, proof: ErasureProof, client: Client): Promise<void> {
    const user = await this.users.getCredentials(actor);
    if (proof.password !== null) await this.users.assertPassword(user, { field: 'password', password: proof.password }, client);
    else if (proof.otp !== null) await this.auth.assertOwnCode(user, { otp: proof.otp, challengeId: proof.challengeId }, client);
    else throw new ValidationFailedError([{ field: 'password', message: 'password or otp is required' }]);
    const replyIds = await this.database.transaction(async (transaction) => {
      const locked = await this.deletion.lockReplies(transaction, user.id);
      await this.users.assertDispensable(transaction, user.id);
      await this.codes.erase(transaction, spellingsOf(user.mobileNumber));
      await this.days.keep(transaction, { userId: user.id, mobileNumber: canonicalNumber(user.mobileNumber) });
      const deleted = await transaction.run(deleteUser, { user_id: user.id, is_verified: actor.isVerified });
      if (deleted.length === 0) throw new UserGoneError();
      return locked;
    });
    await Promise.all([this.deletion.forgetReplies(replyIds), this.cache.forget(user.id), this.liveEvents.forget(user.id)]);
    this.logger.log(`account ${user.id} was erased`);
  }
}
