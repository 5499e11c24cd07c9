import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';

const KEEP_ALIVE_MS = 15_000;
/** UTF-16 units after which the event loop runs: a fast reader would otherwise be written to without a pause. */
const TURN_LENGTH = 64 * 1_024;
/** A reader that reads nothing for this long counts as gone. */
const STALLED_MS = 30_000;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  'x-vercel-ai-ui-message-stream': 'v1',
};

/**
 * Writes frames as they come, never more than the connection takes. The connection ends cleanly after the last frame,
 * and is cut when the frames end with an error or by the signal: a reader that is cut off opens the stream again.
 *
 * @param signal cuts the connection when it is aborted. `onClose` has to abort it when the reader leaves
 */
export async function writeEventStream(
  reply: FastifyReply,
  frames: AsyncIterable<string>,
  {
    signal,
    onClose,
    keepAliveMs = KEEP_ALIVE_MS,
    stalledMs = STALLED_MS,
  }: { signal: AbortSignal; onClose: () => void; keepAliveMs?: number; stalledMs?: number },
): Promise<void> {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) if (value !== undefined) raw.setHeader(name, value);
  raw.on('close', onClose);
  // A reader that left before this line causes no `close` event.
  if (raw.destroyed || raw.socket?.destroyed !== false) onClose();
  raw.socket?.setNoDelay(true);
  raw.writeHead(200);
  raw.flushHeaders();
  const keepAlive = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(': keep-alive\n\n');
  }, keepAliveMs);
  let written = 0;
  try {
    for await (const frame of frames) {
      written += frame.length;
      if (written > TURN_LENGTH) {
        written = 0;
        await nextTurn();
      }
      if (!raw.write(frame)) await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(stalledMs)]) });
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
