/** How far a listener has come. The id of each event says it, so that a listener can be resumed by any process. */
export interface Position {
  /** The id of the newest event in the user's log. */
  readonly log: string;
  /** The version of the chatroom list up to which every change was told. */
  readonly version: number;
  /** A digest of the user's plan and subscription. */
  readonly subscription: string;
}

/** What PostgreSQL says about a user. */
export type UserState = Pick<Position, 'version' | 'subscription'>;

const POSITION = /^(\d{1,16}-\d{1,16})\.(\d{1,16})\.([0-9a-f]{8})$/;

export const toEventId = ({ log, version, subscription }: Position): string => `${log}.${version}.${subscription}`;

/** Null for a text that is no id of an event. */
export function parsePosition(text: string | undefined): Position | null {
  const [, log, version, subscription] = POSITION.exec(text ?? '') ?? [];
  if (log === undefined || version === undefined || subscription === undefined) return null;
  return { log, version: Number(version), subscription };
}
