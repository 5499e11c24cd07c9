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
    detail: `The plan includes ${limit} bytes of storage, and this would exceed them. Delete chatrooms or attachments first.`,
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

/** The fields that choose how a reply is made, and those that a model may not take. */
type ReplyOption = 'web_search' | 'reasoning' | 'attachments';

export class NotInPlanError extends defineError({
  code: 'not_in_plan',
  kind: 'forbidden',
  title: 'The plan does not include it',
  occurrence: (field: ReplyOption) => ({
    detail: `The plan does not include this value of ${field}; GET /plans tells what each plan offers.`,
    members: { field },
  }),
  example: 'web_search',
}) {}

export class NotOfferedByModelError extends defineError({
  code: 'not_offered_by_model',
  kind: 'conflict',
  title: 'The model does not offer it',
  occurrence: (field: ReplyOption) => ({
    detail: `The model does not offer this value of ${field}; GET /models tells what each model offers.`,
    members: { field },
  }),
  example: 'reasoning',
}) {}
