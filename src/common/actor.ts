export type Role = 'user' | 'admin';
export type Plan = 'basic' | 'pro';

/** The signed-in caller, as one read of the database saw it at the start of this request. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly plan: Plan;
  /** Whether the caller has proved to hold the account's mobile number. */
  readonly isVerified: boolean;
  /** Raised by every change of the caller's chatroom list. */
  readonly listVersion: string;
}
