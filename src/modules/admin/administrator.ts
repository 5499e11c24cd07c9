import type { Client } from '../../common/client.js';

/** Who does something, and from where: what the audit log keeps of it. */
export interface Administrator {
  readonly userId: string;
  readonly sessionId: string;
  readonly client: Client;
}
