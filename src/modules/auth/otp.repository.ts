import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { OtpPurpose } from './otp-challenge.entity.js';

export interface NewChallenge {
  readonly id: string;
  readonly mobileNumber: string;
  readonly purpose: OtpPurpose;
  readonly fromSignup: boolean;
  readonly lifetimeSeconds: number;
}

// The account is looked up by the statement itself, so that asking is the same with and without one.
const insert = statement<{ user_id: string | null }>(
  'otp_challenges_insert',
  `INSERT INTO otp_challenges (id, user_id, mobile_number, purpose, from_signup, expires_at)
   VALUES ($1, (SELECT id FROM users WHERE mobile_number = $2), $2, $3, $4, now() + make_interval(secs => $5))
   RETURNING user_id`,
);

@Injectable()
export class OtpRepository {
  constructor(private readonly database: Database) {}

  async insert(challenge: NewChallenge, on: StatementRunner = this.database): Promise<void> {
    const { id, mobileNumber, purpose, fromSignup, lifetimeSeconds } = challenge;
    await on.run(insert, [id, mobileNumber, purpose, fromSignup, lifetimeSeconds]);
  }
}
