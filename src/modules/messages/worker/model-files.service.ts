import { Injectable } from '@nestjs/common';
import {
  GeminiClient,
  GeminiError,
  GeminiFilesClient,
  inlineSizeOf,
  MAX_INLINE_BYTES,
  type ModelTurn,
} from '../../../integrations/gemini/index.js';
import { AttachmentsService, type StoredAttachment } from '../../attachments/index.js';
import type { Turn } from '../context.js';
import { ByteBudget } from '../model-files/byte-budget.js';
import { ModelFilesRepository } from '../model-files/model-files.repository.js';

/**
 * Bytes of files that a worker holds at once, for all its replies. As base64 and as parts of requests they take about
 * four times as much memory.
 */
const HELD_BYTES = 48 * 1024 * 1024;
/** A file that is larger is uploaded to be counted, so that it is sent once and not with each request. */
const COUNTED_INLINE_BYTES = 1024 * 1024;

const isUnavailable = (error: unknown): boolean => error instanceof GeminiError && error.code === 'attachment_unavailable';

/**
 * Gives attachments to the model: with the request while they fit, and by the vendor's store of files beyond that. The
 * address of an upload is remembered for as long as it lives.
 */
@Injectable()
export class ModelFilesService {
  private readonly held = new ByteBudget(HELD_BYTES);

  constructor(
    private readonly attachments: AttachmentsService,
    private readonly uploads: GeminiFilesClient,
    private readonly gemini: GeminiClient,
    private readonly files: ModelFilesRepository,
  ) {}

  /**
   * Makes a call with the files of its turns. Where the vendor does not have an upload any more, the call is made once
   * more, with a new one, unless it has begun to be answered.
   *
   * @throws GeminiError, AttachmentLostError, ServiceUnavailableError, the errors of the call, the reason of the signal
   */
  async withFiles<T>(
    turns: readonly Turn[],
    { signal, hasBegun = () => false }: { readonly signal: AbortSignal; readonly hasBegun?: () => boolean },
    call: (turns: ModelTurn[]) => Promise<T>,
  ): Promise<T> {
    const files = turns.flatMap((turn) => turn.files ?? []);
    if (files.length === 0) return call(turns.map(({ role, text, signatures }) => ({ role, text, signatures: signatures ?? null })));
    const addresses = await this.files.findAddresses(files.map(({ id }) => id));
    try {
      return await this.send(turns, addresses, signal, call);
    } catch (error) {
      if (!isUnavailable(error) || addresses.size === 0) throw error;
      await this.files.giveUpAddresses([...addresses.values()]);
      if (hasBegun()) throw error;
      return this.send(turns, new Map(), signal, call);
    }
  }

  /**
   * Has a file counted by a model.
   *
   * @throws GeminiError, `attachment_rejected` where the model cannot read it; AttachmentLostError;
   *   ServiceUnavailableError
   */
  async count(file: StoredAttachment, model: string, signal: AbortSignal): Promise<void> {
    const known = await this.files.findAddresses([file.id]);
    if (known.size === 0 && file.size > COUNTED_INLINE_BYTES) await this.upload(file, signal);
    const turn: Turn = { role: 'user', text: '', files: [{ ...file, tokens: 0 }] };
    const tokens = await this.withFiles([turn], { signal }, (turns) => this.gemini.countTokens({ model, turns, signal }));
    await this.files.keepTokens(file.id, model, tokens);
  }

  /** Remembers that a model cannot read a file. */
  noteUnreadable({ id }: StoredAttachment, model: string): Promise<void> {
    return this.files.keepTokens(id, model, null);
  }

  /** @param addresses of files that were uploaded before; those of new uploads are added */
  private async send<T>(
    turns: readonly Turn[],
    addresses: Map<string, string>,
    signal: AbortSignal,
    call: (turns: ModelTurn[]) => Promise<T>,
  ): Promise<T> {
    const text = turns.reduce((bytes, turn) => bytes + Buffer.byteLength(JSON.stringify(turn.text)), 0);
    const wanted = turns.flatMap(({ files = [] }) => files).filter(({ id }) => !addresses.has(id));
    const { inline, rest } = fitInline(wanted, MAX_INLINE_BYTES - text);
    for (const file of rest) if (!addresses.has(file.id)) addresses.set(file.id, await this.upload(file, signal));
    const bytes = inline.reduce((sum, { size }) => sum + size, 0);
    const release = this.held.tryTake(bytes);
    if (release === null) {
      // Other replies hold too much. An upload holds its bytes only for a moment.
      for (const file of inline) if (!addresses.has(file.id)) addresses.set(file.id, await this.upload(file, signal));
      return call(await this.turnsWith(turns, addresses, signal));
    }
    try {
      return await call(await this.turnsWith(turns, addresses, signal));
    } finally {
      release();
    }
  }

  private async turnsWith(turns: readonly Turn[], addresses: ReadonlyMap<string, string>, signal: AbortSignal): Promise<ModelTurn[]> {
    const given: ModelTurn[] = [];
    for (const { role, text, signatures = null, files = [] } of turns) {
      const contents = [];
      for (const file of files) {
        const content = addresses.get(file.id) ?? (await this.attachments.read(file, signal));
        contents.push({ name: file.name, mediaType: file.mediaType, content });
      }
      given.push({ role, text, signatures, files: contents });
    }
    return given;
  }

  /** @returns the address */
  private async upload(file: StoredAttachment, signal: AbortSignal): Promise<string> {
    const release = await this.held.take(file.size, signal);
    try {
      const bytes = await this.attachments.read(file, signal);
      const remote = await this.uploads.upload({ bytes, mediaType: file.mediaType, signal });
      await this.files.keepAddress(file.id, remote);
      return remote.uri;
    } finally {
      release();
    }
  }
}

/** The files that fit into a request, the small ones first, and the rest. */
function fitInline(files: readonly StoredAttachment[], room: number): { inline: StoredAttachment[]; rest: StoredAttachment[] } {
  const inline: StoredAttachment[] = [];
  const rest: StoredAttachment[] = [];
  let left = room;
  for (const file of [...files].sort((a, b) => a.size - b.size)) {
    left -= inlineSizeOf(file.size);
    (left >= 0 ? inline : rest).push(file);
  }
  return { inline, rest };
}
