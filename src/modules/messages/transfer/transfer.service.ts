import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { Actor } from '../../../common/actor.js';
import { NotFoundError, RateLimitedError } from '../../../common/errors/common.errors.js';
import { isId, newId } from '../../../common/ids.js';
import type { StatementRunner } from '../../../database/database.js';
import { type Chatroom, ChatroomsService, type RoomSettings } from '../../chatrooms/index.js';
import { LiveEventsService } from '../../live-events/index.js';
import { QuotasService, StorageFullError } from '../../subscriptions/index.js';
import { MessagesRepository } from '../messages.repository.js';
import { type DocumentMessage, parseDocument } from './chatroom-document.js';
import { sectionOf, titleOf } from './markdown.js';
import { type NewRoom, type StoredRoom, TransferRepository } from './transfer.repository.js';
import { layOut } from './tree-layout.js';

/** A larger document, in bytes, waits for its turn. Any other body may have as much. */
const LARGE = 512 * 1024;
/** A room of more messages waits for its turn. */
const LONG = 2_000;
/** The number of large transfers that may wait; each may hold 20 MiB. */
const MAX_WAITING = 8;
const RETRY_AFTER_S = 10;
/** Attempts to write a room while other requests of its user come and go at the limit. */
const MAX_ATTEMPTS = 3;

export type ExportFormat = 'json' | 'markdown';

/** The content of a new room, and its bytes as far as they are known. */
type Content = Pick<NewRoom, 'settings' | 'messages' | 'copyOf' | 'active'> & { readonly knownBytes: number };

/** Exports, imports and copies rooms. A transfer takes no unit of the daily limit and does not count as usage. */
@Injectable()
export class TransferService {
  private readonly turns = pLimit(1);

  constructor(
    private readonly repository: TransferRepository,
    private readonly messages: MessagesRepository,
    private readonly chatrooms: ChatroomsService,
    private readonly quotas: QuotasService,
    private readonly events: LiveEventsService,
  ) {}

  /**
   * A room as text that is read as fast as the client takes it: all branches as JSON, or the active one as Markdown. A
   * failure on the way cuts the stream short.
   *
   * @throws NotFoundError
   */
  async exportChatroom(
    { userId }: Actor,
    { chatroomId, format }: { readonly chatroomId: string; readonly format: ExportFormat },
  ): Promise<Readable> {
    const room = await this.repository.findRoom(userId, chatroomId);
    if (!room) throw new NotFoundError();
    const text = format === 'json' ? this.writeJson(chatroomId, room) : this.writeMarkdown(chatroomId, room);
    return Readable.from(text, { objectMode: false });
  }

  /**
   * Creates a room from an exported one, with all branches and times. Large documents take turns: read at once, they
   * would use up the process's memory and its connections.
   *
   * @param file the document as JSON
   * @throws MalformedJsonError, ValidationFailedError, TooManyChatroomsError, StorageFullError; RateLimitedError when
   *   too many large documents wait
   */
  async importChatroom(actor: Actor, file: Buffer): Promise<{ room: Chatroom; settings: RoomSettings }> {
    await this.quotas.assertRoomFor(actor, 0);
    const work = () => this.importDocument(actor, file);
    return file.length > LARGE ? this.inTurn(work) : work();
  }

  /**
   * Creates a room from the branch that ends with a message. Copies of long rooms take turns, too.
   *
   * @throws NotFoundError, TooManyChatroomsError, StorageFullError, RateLimitedError
   */
  async copyChatroom(
    actor: Actor,
    { chatroomId, messageId }: { readonly chatroomId: string; readonly messageId: string },
  ): Promise<{ room: Chatroom; settings: RoomSettings }> {
    if (!isId(messageId)) throw new NotFoundError();
    const [room, leaf] = await Promise.all([
      this.repository.findRoom(actor.userId, chatroomId),
      this.messages.find({ userId: actor.userId, chatroomId, messageId }),
    ]);
    if (!room || !leaf) throw new NotFoundError();
    const settings = { ...settingsOf(room), created_at: null };
    const content: Content = {
      settings,
      messages: (on) => this.readAsOnlyBranch(chatroomId, messageId, on),
      copyOf: { chatroomId, leafId: messageId },
      active: (count) => count,
      knownBytes: 0,
    };
    const work = () => this.write(actor, content);
    return room.message_count > LONG ? this.inTurn(work) : work();
  }

  private async importDocument(actor: Actor, file: Buffer): Promise<{ room: Chatroom; settings: RoomSettings }> {
    const { chatroom, messages, bytes } = await parseDocument(file);
    const { active, ...settings } = chatroom;
    const positions = layOut(messages.map(({ parent }) => parent));
    const placed = messages.flatMap((message, i) => {
      const position = positions[i];
      return position ? [{ message: withoutFiles(message), position }] : [];
    });
    return this.write(actor, { settings, messages: () => [placed], copyOf: null, active: () => active, knownBytes: bytes });
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.turns.pendingCount >= MAX_WAITING) throw new RateLimitedError(RETRY_AFTER_S);
    return this.turns(work);
  }

  private async write(actor: Actor, { knownBytes, ...content }: Content): Promise<{ room: Chatroom; settings: RoomSettings }> {
    const id = newId();
    const quota = this.quotas.quotaOf(actor);
    for (let [attempt, needed] = [1, knownBytes]; ; attempt += 1) {
      const free = await this.quotas.assertRoomFor(actor, needed);
      const written = await this.repository.write(actor, { chatroomId: id, ...content, quota, free });
      if ('listVersion' in written) {
        this.events.changed(actor.userId, written.listVersion, { type: 'chatroom.created', chatroom_id: id });
        break;
      }
      // It fitted before and after, because other requests of the user came and went meanwhile.
      if (attempt === MAX_ATTEMPTS) throw new StorageFullError(quota.bytes);
      needed = written.excess;
    }
    const room = await this.chatrooms.getChatroom(actor, id);
    return { room, settings: this.chatrooms.currentSettings(actor, room) };
  }

  private async *readAsOnlyBranch(chatroomId: string, leafId: string, on: StatementRunner) {
    let depth = 0;
    for await (const messages of this.repository.readPath(chatroomId, leafId, on)) {
      yield messages.map((message) => {
        depth += 1;
        return {
          message: { ...message, parent: depth === 1 ? null : depth - 1 } as DocumentMessage,
          position: { depth, run: 1, forkedRun: null },
        };
      });
    }
  }

  private async *writeJson(chatroomId: string, { created_at, active, message_count, ...room }: StoredRoom): AsyncGenerator<string> {
    const chatroom = { ...settingsOf(room), created_at: created_at.toISOString(), active };
    yield `{"format":"gemini-chat-room","version":1,"chatroom":${JSON.stringify(chatroom)},"messages":[`;
    let separator = '';
    for await (const messages of this.repository.readAll(chatroomId, message_count)) {
      yield separator + messages.map((message) => JSON.stringify(message)).join(',');
      separator = ',';
    }
    yield ']}\n';
  }

  private async *writeMarkdown(chatroomId: string, room: StoredRoom): AsyncGenerator<string> {
    yield titleOf(room);
    if (room.active_id === null) return;
    for await (const messages of this.repository.readPath(chatroomId, room.active_id)) yield messages.map(sectionOf).join('');
  }
}

/** The settings of a document; those that earlier releases do not know are left out while they are not set. */
const settingsOf = ({
  name,
  system_instruction,
  model,
  web_search,
  reasoning,
  archived,
}: Pick<StoredRoom, 'name' | 'system_instruction' | 'model' | 'web_search' | 'reasoning' | 'archived'>) => ({
  ...{ name, system_instruction, model, archived },
  ...(web_search ? { web_search } : {}),
  ...(reasoning === null ? {} : { reasoning }),
});

/** The files of an imported message are elsewhere. A message of files alone says what they were called. */
function withoutFiles(message: DocumentMessage): DocumentMessage {
  if (message.role !== 'user') return message;
  const { attachments = [], ...rest } = message;
  return { ...rest, content: rest.content === '' ? attachments.map(({ name }) => `[${name}]`).join('\n') : rest.content };
}
