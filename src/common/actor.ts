export type Role = 'user' | 'admin';
export type Plan = 'basic' | 'pro';

/** The signed-in caller, as one statement read it at the start of this request. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly plan: Plan;
  /** True when the account's mobile number is verified. */
  readonly isVerified: boolean;
  /** Every change of the caller's chatroom list raises it. */
  readonly listVersion: string;
}
