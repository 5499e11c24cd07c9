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
import { type Chatroom, type ChatroomChanges, ChatroomsRepository, type RoomListOptions } from './chatrooms.repository.js';

@Injectable()
export class ChatroomsService {
  constructor(
    private readonly chatrooms: ChatroomsRepository,
    private readonly plans: PlansService,
    private readonly quotas: QuotasService,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /** @throws ValidationFailedError for a model that the plan does not include, TooManyChatroomsError, IdempotencyKeyReusedError */
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
        // Otherwise the rooms are counted by now, or one was deleted meanwhile.
        await this.quotas.assertRoomForChatroom(actor);
      }
    } catch (error) {
      // A refusal may itself be due to the first request's having made the last room.
      const first =
        key !== null && (isRepeatedKey(error) || error instanceof TooManyChatroomsError)
          ? await this.idempotencyKeys.find(actor.userId, key)
          : null;
      if (!first) throw error;
      return reviveDates(first.result as StoredChatroom);
    }
  }

  /** @throws NotFoundError */
  async getChatroom(actor: Actor, id: string): Promise<Chatroom> {
    return found(await this.chatrooms.find(actor.userId, id));
  }

  /**
   * At most `count` rooms, most recently active first.
   *
   * @param q what their names contain, compared as search compares words
   */
  listChatrooms(
    { userId }: Actor,
    { q, ...options }: Omit<RoomListOptions, 'userId'> & { readonly q: string | null },
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

  /** The model that a room talks to at this moment. */
  effectiveModel(actor: Actor, { model }: Chatroom): string {
    return this.plans.effectiveModel(actor.plan, model);
  }

  /** Those that the user may choose from, the default first. */
  listModels({ plan }: Actor): readonly ModelSetting[] {
    return this.plans.limitsOf(plan).models;
  }

  /** What the models of rooms depend on besides the rooms. */
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

type StoredChatroom = Omit<Chatroom, 'last_message_at' | 'last_activity_at' | 'created_at' | 'updated_at'> &
  Readonly<Record<'last_activity_at' | 'created_at' | 'updated_at', string>>;

/** A new room that went through JSON. */
const reviveDates = (room: StoredChatroom): Chatroom => ({
  ...room,
  last_message_at: null,
  last_activity_at: new Date(room.last_activity_at),
  created_at: new Date(room.created_at),
  updated_at: new Date(room.updated_at),
});
