import { uuidv7 } from 'uuidv7';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Creates a UUIDv7. Ids sort by the time of their creation, and rise within one process. */
export const newId = (): string => uuidv7();

/** True for the textual form of any UUID, in either case. */
export const isId = (value: string): boolean => UUID.test(value);
