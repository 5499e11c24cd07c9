import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { foldText } from '../../common/fold-text.js';
import { newId } from '../../common/ids.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import type { ModelSetting } from '../../config/models.js';
import { PlansService, QuotasService, TooManyChatroomsError } from '../subscriptions/index.js';
import { type Chatroom, type ChatroomChanges, ChatroomsRepository, type ChatroomListOptions } from './chatrooms.repository.js';

@Injectable()
export class ChatroomsService {
  constructor(
    private readonly chatrooms: ChatroomsRepository,
    private readonly plans: PlansService,
    private readonly quotas: QuotasService,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * @throws ValidationFailedError for a model that the plan does not include, TooManyChatroomsError,
   *   IdempotencyKeyReusedError
   */
  async createChatroom(
    actor: Actor,
    input: { name: string | null; systemInstruction: string | null; model: string | null },
    key: IdempotencyKey | null,
  ): Promise<Chatroom> {
    this.checkModel(actor, input.model);
    const room = { id: newId(), userId: actor.userId, isVerified: actor.isVerified, ...input };
    const { chatrooms: limit } = this.quotas.quotaOf(actor);
    try {
      for (;;) {
        const inserted = await this.chatrooms.insert(room, key, limit);
        if (inserted) return inserted;
        await this.quotas.assertRoomForChatroom(actor);
        // The rooms have been counted by now, or one was deleted meanwhile: the loop retries.
      }
    } catch (error) {
      // The first request may have created the last room that is allowed, which makes the limit refuse this one.
      const first =
        key !== null && (isRepeatedKey(error) || error instanceof TooManyChatroomsError)
          ? await this.idempotencyKeys.find(actor.userId, key)
          : null;
      if (!first) throw error;
      return toChatroom(first.result as StoredChatroom);
    }
  }

  /** @throws NotFoundError */
  async getChatroom(actor: Actor, id: string): Promise<Chatroom> {
    return found(await this.chatrooms.find(actor.userId, id));
  }

  /**
   * Lists at most `count` rooms, most recently active first.
   *
   * @param q a text that their names contain, compared as search compares words
   */
  listChatrooms(
    { userId }: Actor,
    { q, ...options }: Omit<ChatroomListOptions, 'userId'> & { readonly q: string | null },
  ): Promise<(Chatroom & BoundedRow)[]> {
    if (q === null) return this.chatrooms.list({ userId, ...options });
    const wanted = foldName(q);
    return this.chatrooms.listNamed({ userId, ...options }, (name) => foldName(name).includes(wanted));
  }

  /** @throws NotFoundError, ValidationFailedError for a model that the plan does not include */
  async updateChatroom(actor: Actor, id: string, changes: ChatroomChanges): Promise<Chatroom> {
    if (changes.model !== undefined) this.checkModel(actor, changes.model);
    return found(await this.chatrooms.update(actor.userId, id, changes));
  }

  /** The model that answers in a room now. */
  effectiveModel(actor: Actor, { model }: Chatroom): string {
    return this.plans.effectiveModel(actor.plan, model);
  }

  /** The models that the user may choose from, the default first. */
  listModels({ plan }: Actor): readonly ModelSetting[] {
    return this.plans.limitsOf(plan).models;
  }

  /** The ids of the models on which, besides the rooms, the effective models of rooms depend. */
  modelsOf(actor: Actor): readonly string[] {
    return this.listModels(actor).map(({ id }) => id);
  }

  private checkModel(actor: Actor, model: string | null): void {
    if (model === null || this.modelsOf(actor).includes(model)) return;
    throw new ValidationFailedError([{ field: 'model', message: 'model must be one that the plan includes; GET /models lists them' }]);
  }
}

const foldName = (name: string): string => foldText(name).replace(/\s+/g, ' ');

function found(room: Chatroom | null): Chatroom {
  if (!room) throw new NotFoundError();
  return room;
}

/** A chatroom that was just created, as `chatrooms_insert` stores it for a repeat of the request. */
interface StoredChatroom {
  readonly id: string;
  readonly name: string | null;
  readonly system_instruction: string | null;
  readonly model: string | null;
  readonly last_activity_at: string;
  readonly created_at: string;
  readonly updated_at: string;
}

const toChatroom = (stored: StoredChatroom): Chatroom => ({
  id: stored.id,
  name: stored.name,
  systemInstruction: stored.system_instruction,
  model: stored.model,
  archived: false,
  lastPosition: 0,
  activeReplyId: null,
  lastMessageAt: null,
  lastActivityAt: new Date(stored.last_activity_at),
  createdAt: new Date(stored.created_at),
  updatedAt: new Date(stored.updated_at),
});
