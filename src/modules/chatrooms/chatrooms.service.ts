import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { foldText } from '../../common/fold-text.js';
import { newId } from '../../common/ids.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import type { ModelSetting, ReasoningLevel } from '../../config/models.js';
import { LiveEventsService } from '../live-events/index.js';
import {
  type Capabilities,
  PlansService,
  QuotasService,
  type ReplyOptions,
  TooManyChatroomsError,
  type WantedOptions,
} from '../subscriptions/index.js';
import { type Chatroom, type ChatroomChanges, ChatroomsRepository, type ChatroomListOptions } from './chatrooms.repository.js';

/** The model that answers in a room, and how, as plan and model allow. */
export interface RoomSettings extends ReplyOptions {
  readonly model: string;
}

@Injectable()
export class ChatroomsService {
  constructor(
    private readonly chatrooms: ChatroomsRepository,
    private readonly plans: PlansService,
    private readonly quotas: QuotasService,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly events: LiveEventsService,
  ) {}

  /**
   * @throws ValidationFailedError for a model that the plan does not include, NotInPlanError, NotOfferedByModelError,
   *   TooManyChatroomsError, IdempotencyKeyReusedError
   */
  async createChatroom(
    actor: Actor,
    input: { name: string | null; systemInstruction: string | null; model: string | null } & ReplyOptions,
    key: IdempotencyKey | null,
  ): Promise<Chatroom> {
    this.checkModel(actor, input.model);
    this.checkOptions(actor, input, input);
    const room = { id: newId(), userId: actor.userId, isVerified: actor.isVerified, ...input };
    const { chatrooms: limit } = this.quotas.quotaOf(actor);
    try {
      for (;;) {
        const inserted = await this.chatrooms.insert(room, key, limit);
        if (inserted) {
          this.events.changed(actor.userId, inserted.listVersion, { type: 'chatroom.created', chatroom_id: inserted.id });
          return inserted;
        }
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

  /**
   * @throws NotFoundError, ValidationFailedError for a model that the plan does not include, NotInPlanError,
   *   NotOfferedByModelError
   */
  async updateChatroom(actor: Actor, id: string, changes: ChatroomChanges): Promise<Chatroom> {
    if (changes.model !== undefined) this.checkModel(actor, changes.model);
    await this.assertOffered(actor, id, changes);
    const updated = await this.chatrooms.update(actor.userId, id, changes);
    if (!updated) throw new NotFoundError();
    this.events.changed(actor.userId, updated.listVersion, { type: 'chatroom.updated', chatroom_id: id });
    return updated;
  }

  /**
   * Checks a choice of how replies of a room are made, or one reply.
   *
   * @param choice an absent member chooses nothing; `model` is absent where it stays that of the room
   * @throws NotFoundError, NotInPlanError, NotOfferedByModelError
   */
  async assertOffered(
    actor: Actor,
    id: string,
    { model, ...choice }: Partial<WantedOptions> & { readonly model?: string | null },
  ): Promise<void> {
    const options = { attachments: choice.attachments ?? false, webSearch: choice.webSearch ?? false, reasoning: choice.reasoning ?? null };
    if (!options.attachments && !options.webSearch && options.reasoning === null) return;
    this.checkOptions(actor, model === undefined ? await this.getChatroom(actor, id) : { model }, options);
  }

  /** The model that answers in a room now, and how. */
  currentSettings({ plan }: Actor, room: Pick<Chatroom, 'model' | 'webSearch' | 'reasoning'>): RoomSettings {
    const model = this.plans.effectiveModel(plan, room.model);
    return { model, ...this.plans.offeredOf(plan, model, room) };
  }

  /** The models that the user may choose from, the default first. */
  listModels({ plan }: Actor): readonly { readonly model: ModelSetting; readonly capabilities: Capabilities }[] {
    return this.plans.limitsOf(plan).models.map((model) => ({ model, capabilities: this.plans.capabilitiesOf(plan, model.id) }));
  }

  private checkOptions({ plan }: Actor, { model }: { readonly model: string | null }, options: WantedOptions): void {
    this.plans.assertOffered(plan, this.plans.effectiveModel(plan, model), options);
  }

  private checkModel(actor: Actor, model: string | null): void {
    if (model === null || this.listModels(actor).some((one) => one.model.id === model)) return;
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
  /** Absent from a result of the release before, as is `reasoning`. */
  readonly web_search?: boolean;
  readonly reasoning?: ReasoningLevel | null;
  readonly last_activity_at: string;
  readonly created_at: string;
  readonly updated_at: string;
}

const toChatroom = (stored: StoredChatroom): Chatroom => ({
  id: stored.id,
  name: stored.name,
  systemInstruction: stored.system_instruction,
  model: stored.model,
  webSearch: stored.web_search ?? false,
  reasoning: stored.reasoning ?? null,
  archived: false,
  lastPosition: 0,
  activeReplyId: null,
  lastMessageAt: null,
  lastActivityAt: new Date(stored.last_activity_at),
  createdAt: new Date(stored.created_at),
  updatedAt: new Date(stored.updated_at),
});
