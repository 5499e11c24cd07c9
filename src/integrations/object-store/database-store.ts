import type { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { type ByteRange, ObjectMissingError, ObjectStore } from './object-store.js';
import { inPieces } from './pieces.js';

/** In bytes. Ranges are computed from it, so that it cannot change. */
const PIECE = 256 * 1024;

/** An id that is before every other. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

const insert = statement({
  name: 'object_pieces_insert',
  parameters: { object_id: 'uuid', n: 'int4', bytes: 'bytea' },
  text: `INSERT INTO object_pieces (object_id, n, bytes) VALUES (:object_id, :n, :bytes)`,
});

const find = statement({
  name: 'object_pieces_find',
  parameters: { object_id: 'uuid', n: 'int4' },
  columns: { bytes: 'bytea' },
  text: `SELECT bytes FROM object_pieces WHERE object_id = :object_id AND n = :n`,
});

const remove = statement({
  name: 'object_pieces_delete',
  parameters: { object_id: 'uuid' },
  text: `DELETE FROM object_pieces WHERE object_id = :object_id`,
});

// Jumps from id to id along the primary key, however many pieces each has.
const list = statement({
  name: 'object_pieces_list',
  parameters: { after: 'uuid', count: 'int8' },
  columns: { id: 'uuid' },
  text: `WITH RECURSIVE ids AS (
     (SELECT object_id FROM object_pieces WHERE object_id > :after ORDER BY object_id LIMIT 1)
     UNION ALL
     SELECT (SELECT p.object_id FROM object_pieces p WHERE p.object_id > ids.object_id ORDER BY p.object_id LIMIT 1)
     FROM ids WHERE ids.object_id IS NOT NULL
   )
   SELECT object_id AS id FROM ids WHERE object_id IS NOT NULL LIMIT :count`,
});

/** Objects in PostgreSQL, in pieces, so that neither an object nor a range of it is in memory as a whole. */
export class DatabaseStore extends ObjectStore {
  constructor(private readonly database: Database) {
    super();
  }

  async put(id: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    let n = 0;
    for await (const piece of inPieces(bytes, PIECE)) {
      await this.database.run(insert, { object_id: id, n, bytes: piece });
      n += 1;
    }
  }

  async read(id: string, { first, last }: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const head = await this.readPiece(id, Math.floor(first / PIECE));
    return this.readOn(id, { first, last }, head, signal);
  }

  async delete(ids: readonly string[]): Promise<string[]> {
    const deleted: string[] = [];
    for (const id of ids) {
      try {
        // One a statement: many large objects would take longer than a statement may.
        await this.database.run(remove, { object_id: id });
      } catch (error) {
        if (deleted.length === 0) throw error;
        break;
      }
      deleted.push(id);
    }
    return deleted;
  }

  async list(after: string | null, count: number): Promise<string[]> {
    return (await this.database.run(list, { after: after ?? BEFORE_ALL, count })).map(({ id }) => id);
  }

  private async *readOn(id: string, { first, last }: ByteRange, head: Buffer, signal?: AbortSignal): AsyncGenerator<Buffer> {
    for (let n = Math.floor(first / PIECE); n * PIECE <= last; n += 1) {
      signal?.throwIfAborted();
      const piece = n * PIECE <= first ? head : await this.readPiece(id, n);
      const end = Math.min(last + 1 - n * PIECE, PIECE);
      if (piece.length < end) throw new ObjectMissingError(id);
      yield piece.subarray(Math.max(0, first - n * PIECE), end);
    }
  }

  private async readPiece(id: string, n: number): Promise<Buffer> {
    const [row] = await this.database.run(find, { object_id: id, n });
    if (!row) throw new ObjectMissingError(id);
    return row.bytes;
  }
}
