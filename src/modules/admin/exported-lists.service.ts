import { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { ForbiddenError } from '../../common/errors/common.errors.js';
import type { PageRequest } from '../../common/http/page.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { SessionsService } from '../auth/index.js';
import type { Administrator } from './administrator.js';
import type { PageKey } from './list-query.js';

/** A list to export, with the key of the page that starts after a row. */
export interface ExportedList<Row> {
  readonly list: (page: PageRequest) => Promise<(Row & BoundedRow)[]>;
  readonly keyOf: (row: Row) => readonly string[];
  readonly rowsAtATime: number;
}

/**
 * Lists as text: one page of rows in memory at a time, read as fast as the client takes them. A text ends early on an
 * error, and when the administrator's session or role ends.
 */
@Injectable()
export class ExportedListsService {
  private readonly logger = new Logger(ExportedListsService.name);

  constructor(private readonly sessions: SessionsService) {}

  /** @param toText the text of a page's rows @param head the text before the first row */
  toText<Row>(by: Administrator, list: ExportedList<Row>, toText: (rows: readonly Row[]) => string, head = ''): Readable {
    const text = Readable.from(this.write(by, list, toText, head), { objectMode: false });
    // The answer has begun, so the client cannot be told why it ends.
    return text.on('error', (error) => {
      this.logger.warn(`An export was cut short: ${String(error)}`);
    });
  }

  private async *write<Row>(
    by: Administrator,
    { list, keyOf, rowsAtATime: count }: ExportedList<Row>,
    toText: (rows: readonly Row[]) => string,
    head: string,
  ): AsyncGenerator<string> {
    yield head;
    for (let after: PageKey = null; ;) {
      // The guard has checked the request only; a long answer outlives that.
      if (after !== null) await this.assertIsAdministrator(by);
      const rows = await list({ after, count });
      if (rows.length > 0) yield toText(rows);
      const last = rows.at(-1);
      if (last === undefined || (rows.length < count && last.goes_on !== true)) return;
      after = keyOf(last);
    }
  }

  /** @throws SessionEndedError, AccountDisabledError, ForbiddenError */
  private async assertIsAdministrator(by: Administrator): Promise<void> {
    const { role } = await this.sessions.getActor(by);
    if (role !== 'admin') throw new ForbiddenError();
  }
}
