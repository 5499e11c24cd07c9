import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { PersonalData, PersonalDataRow } from '../../database/personal-data.js';
import { CHATROOM_EXPORT } from '../chatrooms/index.js';
import { MESSAGE_EXPORT } from '../messages/index.js';

/** Messages that are held in memory at a time. */
const MESSAGE_COUNT = 200;

/** Reads what the modules declare as personal data. */
@Injectable()
export class PersonalDataRepository {
  constructor(private readonly database: Database) {}

  findRows({ rows }: PersonalData, userId: string): Promise<PersonalDataRow[]> {
    return this.database.run(rows, { user_id: userId });
  }

  /** The chatrooms of a user, the oldest first. One that is deleted meanwhile is left out. */
  async *readChatrooms(userId: string): AsyncGenerator<{ readonly id: string }> {
    for (const { id } of await this.database.run(CHATROOM_EXPORT.ids, { user_id: userId })) {
      yield* await this.database.run(CHATROOM_EXPORT.chatroom, { user_id: userId, id });
    }
  }

  /** The messages of a chatroom by position. */
  async *readMessages(chatroomId: string): AsyncGenerator<PersonalDataRow> {
    for (let position = 0; ;) {
      const page = await this.database.run(MESSAGE_EXPORT.page, {
        chatroom_id: chatroomId,
        after_position: position,
        count: MESSAGE_COUNT,
      });
      // `goes_on` only says that the page was cut at its bytes.
      for (const row of page) yield { ...row, goes_on: undefined };
      const last = page.at(-1);
      if (last === undefined || (page.length < MESSAGE_COUNT && !last.goes_on)) return;
      ({ position } = last);
    }
  }
}
