import type { SignatureKind } from './signature.js';

export interface Endpoint {
  id: string;
  url: string;
  /** The newest first; a delivery is signed with each. */
  secrets: string[];
  events: string[];
  /** What the API says of it; an endpoint of the controls has none of these. */
  api_version?: string;
  created?: number;
  description?: string | null;
  metadata?: Record<string, string>;
  disabled?: boolean;
}

export const MODES = ['normal', 'duplicate', 'doubled', 'shuffled', 'delayed', 'lost', 'forged', 'held'] as const;

/**
 * normal: in order · duplicate: each event twice · doubled: each change as two events of different ids · shuffled: what
 * comes within `delay_ms` in random order · delayed: `delay_ms` later · lost: never sent · forged: signed with a wrong
 * secret · held: kept until it is asked for
 */
export interface DeliveryMode {
  id: 'delivery';
  mode: (typeof MODES)[number];
  delay_ms: number;
  /** Only events of these types are treated so; the others normally. */
  types: string[];
}

export interface Attempt {
  /** real time, ISO */
  at: string;
  status: number | null;
  error: string | null;
  signature: SignatureKind;
}

export interface Delivery {
  id: string;
  event: string;
  type: string;
  endpoint: string;
  state: 'waiting' | 'held' | 'lost' | 'delivered' | 'failed';
  signature: SignatureKind;
  attempts: Attempt[];
}

/** Every type, `invoice.*` for all of a kind, `*` for all. */
export function matchesType(pattern: string, type: string): boolean {
  return pattern === type || pattern === '*' || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));
}
