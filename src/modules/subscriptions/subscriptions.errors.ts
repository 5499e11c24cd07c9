import { defineError } from '../../common/errors/app-error.js';

export class TooManyChatroomsError extends defineError({
  code: 'too_many_chatrooms',
  kind: 'conflict',
  title: 'Too many chatrooms',
  occurrence: (limit: number) => ({
    detail: `An account has at most ${limit} chatrooms. Delete one first.`,
    members: { limit },
  }),
  example: 10_000,
}) {}

export class StorageFullError extends defineError({
  code: 'storage_full',
  kind: 'conflict',
  title: 'The storage is full',
  occurrence: (limit: number) => ({
    detail: `The plan includes ${limit} bytes of storage, and this would exceed them. Delete chatrooms first.`,
    members: { limit },
  }),
  example: 52_428_800,
}) {}

export class NoGrantError extends defineError({
  code: 'no_grant',
  kind: 'conflict',
  title: 'There is no grant',
  detail: 'This user has no grant that could be extended.',
}) {}
