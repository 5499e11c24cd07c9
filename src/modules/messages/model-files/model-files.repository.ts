import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import type { RemoteFile } from '../../../integrations/gemini/index.js';

/** An address is used until so long before it expires: a reply may wait for its model. */
const MARGIN = `interval '10 minutes'`;

const findAddresses = statement({
  name: 'model_files_find',
  parameters: { attachment_ids: 'uuid[]' },
  columns: { attachmentId: 'uuid', uri: 'text' },
  text: `SELECT attachment_id AS "attachmentId", uri FROM model_files
   WHERE attachment_id = ANY (:attachment_ids::uuid[]) AND expires_at > now() + ${MARGIN} ORDER BY expires_at`,
});

const keepAddress = statement({
  name: 'model_files_keep',
  parameters: { attachment_id: 'uuid', name: 'text', uri: 'text', expires_at: 'timestamptz' },
  text: `INSERT INTO model_files (attachment_id, name, uri, expires_at) VALUES (:attachment_id, :name, :uri, :expires_at) ON CONFLICT DO NOTHING`,
});

// The vendor may still have it, and is told to delete it.
const giveUpAddresses = statement({
  name: 'model_files_give_up',
  parameters: { uris: 'text[]' },
  text: `UPDATE model_files SET attachment_id = NULL WHERE uri = ANY (:uris::text[])`,
});

const forgetAddresses = statement({
  name: 'model_files_forget',
  parameters: { uris: 'text[]' },
  text: `DELETE FROM model_files WHERE uri = ANY (:uris::text[])`,
});

const deleteExpired = statement({
  name: 'model_files_delete_expired',
  parameters: {},
  text: `DELETE FROM model_files WHERE expires_at < now()`,
});

const findUnused = statement({
  name: 'model_files_find_unused',
  parameters: { count: 'int8' },
  columns: { name: 'text', uri: 'text' },
  text: `SELECT f.name, f.uri FROM model_files f
   WHERE NOT EXISTS (SELECT FROM attachments a WHERE a.id = f.attachment_id) LIMIT :count`,
});

const findTokens = statement({
  name: 'attachment_tokens_find',
  parameters: { attachment_ids: 'uuid[]', model: 'text' },
  columns: { attachmentId: 'uuid', tokens: 'int4?' },
  text: `SELECT attachment_id AS "attachmentId", tokens FROM attachment_tokens
   WHERE attachment_id = ANY (:attachment_ids::uuid[]) AND model = :model`,
});

// The attachment may have been deleted since it was counted.
const keepTokens = statement({
  name: 'attachment_tokens_keep',
  parameters: { attachment_id: 'uuid', model: 'text', tokens: 'int4?' },
  text: `INSERT INTO attachment_tokens (attachment_id, model, tokens)
   SELECT a.id, :model, :tokens FROM attachments a WHERE a.id = :attachment_id FOR KEY SHARE
   ON CONFLICT ON CONSTRAINT pk_attachment_tokens DO UPDATE SET tokens = excluded.tokens`,
});

/** What is remembered of attachments at the model's vendor: their addresses there, and their tokens. */
@Injectable()
export class ModelFilesRepository {
  constructor(private readonly database: Database) {}

  /** The newest addresses of those attachments that have one, by their ids. */
  async findAddresses(attachmentIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.database.run(findAddresses, { attachment_ids: attachmentIds });
    return new Map(rows.map(({ attachmentId, uri }) => [attachmentId, uri]));
  }

  async keepAddress(attachmentId: string, { name, uri, expiresAt }: RemoteFile): Promise<void> {
    await this.database.run(keepAddress, { attachment_id: attachmentId, name, uri, expires_at: expiresAt });
  }

  /** Has those uploads used no more. */
  async giveUpAddresses(uris: readonly string[]): Promise<void> {
    await this.database.run(giveUpAddresses, { uris });
  }

  /** Forgets uploads that the vendor has deleted. */
  async forgetAddresses(uris: readonly string[]): Promise<void> {
    await this.database.run(forgetAddresses, { uris });
  }

  async deleteExpired(): Promise<void> {
    await this.database.run(deleteExpired, {});
  }

  /** Uploads that are used no more, or whose attachments are deleted. */
  findUnused(count: number): Promise<Pick<RemoteFile, 'name' | 'uri'>[]> {
    return this.database.run(findUnused, { count });
  }

  /** The tokens that a model has counted, by the ids of the attachments; null for what it cannot read. */
  async findTokens(attachmentIds: readonly string[], model: string): Promise<Map<string, number | null>> {
    const rows = await this.database.run(findTokens, { attachment_ids: attachmentIds, model });
    return new Map(rows.map(({ attachmentId, tokens }) => [attachmentId, tokens]));
  }

  async keepTokens(attachmentId: string, model: string, tokens: number | null): Promise<void> {
    await this.database.run(keepTokens, { attachment_id: attachmentId, model, tokens });
  }
}
