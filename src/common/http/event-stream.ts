import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

const KEEP_ALIVE_MS = 15_000;
/** UTF-16 units after which the event loop runs: a fast reader would otherwise be written to without a pause. */
const TURN_LENGTH = 64 * 1_024;
/** Time for the reader of a pushed stream to take its last frame. */
const LAST_FRAME_MS = 250;
/** A reader that reads nothing for this long counts as gone. */
const STALLED_MS = 30_000;

export const EVENT_STREAM = 'text/event-stream';

const HEADERS = {
  'content-type': EVENT_STREAM,
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
/** Says that the stream is one of the AI SDK's messages. */
const UI_MESSAGE_STREAM = { 'x-vercel-ai-ui-message-stream': 'v1' };

/** A reader that has not taken so many bytes by the next frame of a pushed stream has fallen behind. */
const MAX_UNREAD_BYTES = 64 * 1_024;

/** Takes the response over and sends its head. */
function begin(reply: FastifyReply, headers: Readonly<Record<string, string>>, onClose: () => void): ServerResponse {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...headers })) if (value !== undefined) raw.setHeader(name, value);
  raw.on('close', onClose);
  // A reader that left before this line causes no `close` event.
  if (raw.destroyed || raw.socket?.destroyed !== false) onClose();
  raw.socket?.setNoDelay(true);
  raw.writeHead(200);
  raw.flushHeaders();
  return raw;
}

/**
 * Writes the frames of batches as they come, never more than the connection takes. The connection ends cleanly after
 * the last frame, and is cut when the batches end with an error or by the signal: a reader that is cut off opens the
 * stream again.
 *
 * @param framesOf the frames of a batch, each of which is made when the connection takes it
 * @param signal cuts the connection when it is aborted. `onClose` has to abort it when the reader leaves
 */
export async function writeEventStream<Batch>(
  reply: FastifyReply,
  batches: AsyncIterable<Batch>,
  framesOf: (batch: Batch) => Iterable<string>,
  {
    signal,
    onClose,
    keepAliveMs = KEEP_ALIVE_MS,
    stalledMs = STALLED_MS,
  }: { signal: AbortSignal; onClose: () => void; keepAliveMs?: number; stalledMs?: number },
): Promise<void> {
  const raw = begin(reply, { ...HEADERS, ...UI_MESSAGE_STREAM }, onClose);
  const keepAlive = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(': keep-alive\n\n');
  }, keepAliveMs);
  let written = 0;
  try {
    for await (const batch of batches) {
      for (const frame of framesOf(batch)) {
        written += frame.length;
        if (written > TURN_LENGTH) {
          written = 0;
          await nextTurn();
        }
        if (!raw.write(frame)) await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(stalledMs)]) });
      }
    }
    if (signal.aborted) raw.destroy();
    else raw.end();
  } catch {
    raw.destroy();
  } finally {
    clearInterval(keepAlive);
    onClose();
  }
}

/** A stream whose frames are pushed. Nothing waits for its reader: one that falls behind is cut. */
export class PushedEventStream {
  private readonly raw: ServerResponse;
  private readonly keepAlive: NodeJS.Timeout;
  private readonly onSlow: () => void;

  /**
   * @param onClose is called once, however the stream ends
   * @param onSlow is called when the stream is cut because its reader has fallen behind
   */
  constructor(
    reply: FastifyReply,
    { onClose, onSlow, keepAliveMs = KEEP_ALIVE_MS }: { onClose: () => void; onSlow: () => void; keepAliveMs?: number },
  ) {
    this.onSlow = onSlow;
    let isClosed = false;
    this.keepAlive = setInterval(() => {
      // What was written a whole interval ago has still not been taken.
      if (this.raw.writableLength > 0) this.cutSlow();
      else this.write(': keep-alive\n\n');
    }, keepAliveMs);
    this.raw = begin(reply, { ...HEADERS, connection: 'close' }, () => {
      clearInterval(this.keepAlive);
      if (!isClosed) onClose();
      isClosed = true;
    });
  }

  write(frames: string): void {
    if (this.raw.writableEnded || this.raw.destroyed) return;
    // What is written at once may be longer: a reader that comes back gets all that it missed.
    if (this.raw.writableLength > MAX_UNREAD_BYTES) this.cutSlow();
    else this.raw.write(frames);
  }

  /** Ends the stream cleanly after its last frame, and cuts it if the reader does not take it. */
  end(frame: string): void {
    this.raw.end(frame);
    setTimeout(() => {
      this.cut();
    }, LAST_FRAME_MS).unref();
  }

  cut(): void {
    this.raw.destroy();
  }

  private cutSlow(): void {
    this.onSlow();
    this.cut();
  }
}
