import type { Client } from '../../common/client.js';

/** The administrator who acts, with session and client: the audit log records them. */
export interface Administrator {
  readonly userId: string;
  readonly sessionId: string;
  readonly client: Client;
}
