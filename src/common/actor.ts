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

/** The caller with the parts of the account that only its owner sees, from the same statement. */
export interface SignedInActor extends Actor {
  readonly username: string;
  readonly email: string | null;
  readonly mobileNumber: string;
  readonly hasPassword: boolean;
  readonly createdAt: Date;
}
