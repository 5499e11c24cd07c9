import { setTimeout } from 'node:timers/promises';
import { type File, FileState } from '@google/genai';
import { GeminiError } from './gemini.errors.js';
import { callOnce, type GeminiClientOptions, sdkOf } from './vendor-call.js';

/** A file that was uploaded to Gemini, which keeps it for 48 hours. */
export interface RemoteFile {
  /** Its name in Gemini's Files API. */
  readonly name: string;
  /** The address under which a turn names it. */
  readonly uri: string;
  readonly expiresAt: Date;
}

/** A little less than Gemini's 48 hours, for an answer that does not say it. */
const LIFE_MS = 47 * 60 * 60 * 1000;
const POLL_MS = { first: 100, most: 2_000 };

/** Files at Gemini, for turns that are too large for one request. */
export class GeminiFilesClient {
  constructor(private readonly options: GeminiClientOptions) {}

  /**
   * Uploads a file and waits until the model can read it, all within `totalTimeoutMs`.
   *
   * @throws GeminiError (`attachment_rejected` where Gemini cannot process it); the signal's reason after an abort
   */
  upload({ bytes, mediaType, signal }: { bytes: Buffer; mediaType: string; signal: AbortSignal }): Promise<RemoteFile> {
    return this.call(signal, async (files, abortSignal) => {
      // No other options, with which the SDK leaves out the headers of an upload.
      let file = await files.upload({ file: new Blob([bytes]), config: { mimeType: mediaType } });
      for (let pause = POLL_MS.first; file.state === FileState.PROCESSING; pause = Math.min(pause * 2, POLL_MS.most)) {
        await setTimeout(pause, undefined, { signal: abortSignal });
        file = await files.get({ name: file.name ?? '' });
      }
      return remoteFileOf(file);
    });
  }

  /** Deletes an upload before its time. One that is gone is no error. @throws GeminiError */
  async delete(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.call(signal, (files) => files.delete({ name }));
    } catch (error) {
      if (!(error instanceof GeminiError && (error.status === 403 || error.status === 404))) throw error;
    }
  }

  private call<T>(
    signal: AbortSignal,
    work: (files: ReturnType<typeof sdkOf>['files'], abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { totalTimeoutMs } = this.options;
    return callOnce({ totalTimeoutMs, signal, hasFiles: true }, (abortSignal, fetchOfCall) => {
      // The SDK's uploads take no signal.
      const abortable: typeof fetch = (input, init) => fetchOfCall(input, { ...init, signal: abortSignal });
      return work(sdkOf(this.options, abortable).files, abortSignal);
    });
  }
}

function remoteFileOf({ state, name, uri, expirationTime }: File): RemoteFile {
  if (state === FileState.FAILED) throw new GeminiError('attachment_rejected');
  if (name === undefined || uri === undefined) throw new GeminiError('model_unavailable', { cause: 'an upload without an address' });
  const expiresAt = Date.parse(expirationTime ?? '');
  return { name, uri, expiresAt: new Date(Number.isNaN(expiresAt) ? Date.now() + LIFE_MS : expiresAt) };
}
