import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { Actor } from '../../../common/actor.js';
import { NotFoundError, RateLimitedError } from '../../../common/errors/common.errors.js';
import { isId, newId } from '../../../common/ids.js';
import type { StatementRunner } from '../../../database/database.js';
import { type Chatroom, ChatroomsService } from '../../chatrooms/index.js';
import { QuotasService, StorageFullError } from '../../subscriptions/index.js';
import { MessagesRepository } from '../messages.repository.js';
import { type DocumentMessage, parseDocument } from './chatroom-document.js';
import { sectionOf, titleOf } from './markdown.js';
import { MovesRepository, type StoredRoom } from './moves.repository.js';
import { layOut } from './tree-layout.js';

/** Of a document, in bytes: as much as any other body may have. */
const LARGE = 512 * 1024;
/** Of a room, in messages. */
const LONG = 2_000;
/** Each may hold 20 MiB. */
const MAX_WAITING = 8;
const RETRY_AFTER_S = 10;
/** Of a write that meets other requests of its user at the limit. */
const TRIES = 3;

export type ExportFormat = 'json' | 'markdown';

/** Carries rooms out of, into and within an account. None of it changes a quota or counts as usage. */
@Injectable()
export class MovesService {
  private readonly turns = pLimit(1);

  constructor(
    private readonly moves: MovesRepository,
    private readonly messages: MessagesRepository,
    private readonly chatrooms: ChatroomsService,
    private readonly quotas: QuotasService,
  ) {}

  /**
   * A room as text that is read as fast as the client takes it: with all branches as JSON, the active one as Markdown. What fails on the way cuts
   * the stream short.
   *
   * @throws NotFoundError
   */
  async exportChatroom({ userId }: Actor, chatroomId: string, format: ExportFormat): Promise<Readable> {
    const room = await this.moves.findRoom(userId, chatroomId);
    if (!room) throw new NotFoundError();
    const text = format === 'json' ? this.writeJson(chatroomId, room) : this.writeMarkdown(chatroomId, room);
    return Readable.from(text, { objectMode: false });
  }

  /**
   * Makes a room of an exported one, with all branches and times. Large ones take turns: read at once, they would take the process's memory and
   * its connections.
   *
   * @param file the document as JSON
   * @throws MalformedJsonError, ValidationFailedError, TooManyChatroomsError, StorageFullError, RateLimitedError when too many large ones wait
   */
  async importChatroom(actor: Actor, file: Buffer): Promise<{ room: Chatroom; model: string }> {
    await this.quotas.assertRoomFor(actor, 0);
    const work = () => this.importDocument(actor, file);
    return file.length > LARGE ? this.inTurn(work) : work();
  }

  /** Makes a room of the branch that ends with a message. Those of long rooms take turns, too. @throws NotFoundError, TooManyChatroomsError, StorageFullError, RateLimitedError */
  async copyChatroom(actor: Actor, chatroomId: string, messageId: string): Promise<{ room: Chatroom; model: string }> {
    if (!isId(messageId)) throw new NotFoundError();
    const [room, leaf] = await Promise.all([
      this.moves.findRoom(actor.userId, chatroomId),
      this.messages.find({ userId: actor.userId, chatroomId, messageId }),
    ]);
    if (!room || !leaf) throw new NotFoundError();
    const { name, system_instruction, model, archived } = room;
    const settings = { name, system_instruction, model, archived, created_at: null };
    const content = { steps: (on: StatementRunner) => this.readAsOnlyBranch(chatroomId, messageId, on), active: (count: number) => count };
    const work = () => this.write(actor, settings, content, 0);
    return room.message_count > LONG ? this.inTurn(work) : work();
  }

  private async importDocument(actor: Actor, file: Buffer): Promise<{ room: Chatroom; model: string }> {
    const { chatroom, messages, bytes } = await parseDocument(file);
    const { active, ...settings } = chatroom;
    const places = layOut(messages.map(({ parent }) => parent));
    const placed = messages.flatMap((message, i) => {
      const place = places[i];
      return place ? [{ message, place }] : [];
    });
    return this.write(actor, settings, { steps: () => [placed], active: () => active }, bytes);
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.turns.pendingCount >= MAX_WAITING) throw new RateLimitedError(RETRY_AFTER_S);
    return this.turns(work);
  }

  /** @param bytes of the texts, as far as they are known */
  private async write(
    actor: Actor,
    settings: Parameters<MovesRepository['write']>[2],
    content: Parameters<MovesRepository['write']>[3],
    bytes: number,
  ): Promise<{ room: Chatroom; model: string }> {
    const id = newId();
    const quota = this.quotas.quotaOf(actor);
    for (let [tries, needed] = [1, bytes]; ; tries += 1) {
      const free = await this.quotas.assertRoomFor(actor, needed);
      const excess = await this.moves.write(actor, id, settings, content, { quota, free });
      if (excess === null) break;
      // It fitted before and after: others came and went meanwhile.
      if (tries === TRIES) throw new StorageFullError(quota.bytes);
      needed = excess;
    }
    const room = await this.chatrooms.getChatroom(actor, id);
    return { room, model: this.chatrooms.effectiveModel(actor, room) };
  }

  private async *readAsOnlyBranch(chatroomId: string, leafId: string, on: StatementRunner) {
    let depth = 0;
    for await (const messages of this.moves.readPath(chatroomId, leafId, on)) {
      yield messages.map((message) => {
        depth += 1;
        return {
          message: { ...message, parent: depth === 1 ? null : depth - 1 } as DocumentMessage,
          place: { depth, run: 1, forkedRun: null },
        };
      });
    }
  }

  private async *writeJson(
    chatroomId: string,
    { name, system_instruction, model, archived, created_at, active, message_count }: StoredRoom,
  ): AsyncGenerator<string> {
    const room = { name, system_instruction, model, archived, created_at: created_at.toISOString(), active };
    yield `{"format":"gemini-chat-room","version":1,"chatroom":${JSON.stringify(room)},"messages":[`;
    let separator = '';
    for await (const messages of this.moves.readAll(chatroomId, message_count)) {
      yield separator + messages.map((message) => JSON.stringify(message)).join(',');
      separator = ',';
    }
    yield ']}\n';
  }

  private async *writeMarkdown(chatroomId: string, room: StoredRoom): AsyncGenerator<string> {
    yield titleOf(room);
    if (room.active_id === null) return;
    for await (const messages of this.moves.readPath(chatroomId, room.active_id)) yield messages.map(sectionOf).join('');
  }
}
