import type { ServerResponse } from 'node:http';
import { Global, Injectable, Module } from '@nestjs/common';
import { TooMuchInFlightError } from '../errors/common.errors.js';

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** Most bytes that a process holds, and the part of them that one user or network may hold. */
interface Budget {
  readonly total: number;
  readonly perHolder: number;
  /** Each reservation counts as at least this many bytes, which bounds the number of reservations too. */
  readonly least: number;
}

/** Bytes that this process holds while a client sends or reads the rest. */
export class InFlightBytes {
  private readonly held = new Map<string, number>();
  private total = 0;

  constructor(private readonly budget: Budget) {}

  /**
   * @param holder the user or network that the bytes are counted for. Its first reservation is always granted
   * @returns a function that releases the bytes; further calls do nothing
   * @throws TooMuchInFlightError
   */
  take(holder: string, bytes: number): () => void {
    const { total, perHolder, least } = this.budget;
    const counted = Math.max(bytes, least);
    const before = this.held.get(holder) ?? 0;
    if (before > 0 && before + counted > perHolder) throw new TooMuchInFlightError();
    if (this.total > 0 && this.total + counted > total) throw new TooMuchInFlightError();
    this.add(holder, counted);
    let isTaken = true;
    return () => {
      if (isTaken) this.add(holder, -counted);
      isTaken = false;
    };
  }

  private add(holder: string, bytes: number): void {
    this.total += bytes;
    const now = (this.held.get(holder) ?? 0) + bytes;
    if (now === 0) this.held.delete(holder);
    else this.held.set(holder, now);
  }
}

/**
 * Request bodies, from before their first byte is read until their request is answered. Callers without a token have
 * a budget of their own, so that they cannot use up that of signed-in users.
 */
@Injectable()
export class BodiesInFlight {
  /** Bodies up to this size are not counted, because a connection buffers as much anyway. */
  readonly uncounted = 16 * KIB;
  readonly large = new InFlightBytes({ total: 40 * MIB, perHolder: 20 * MIB, least: MIB });
  readonly ofUsers = new InFlightBytes({ total: 32 * MIB, perHolder: 4 * MIB, least: 0 });
  readonly ofStrangers = new InFlightBytes({ total: 8 * MIB, perHolder: 2 * MIB, least: 0 });
  /** Uploads, which hold a part of their file: what is received and not yet stored. */
  readonly uploads = new InFlightBytes({ total: 128 * MIB, perHolder: 32 * MIB, least: MIB });
  readonly ofWebhooks = new InFlightBytes({ total: 8 * MIB, perHolder: 4 * MIB, least: 0 });
}

/** Responses that their clients have not read yet. */
@Injectable()
export class AnswersInFlight {
  readonly uncounted = 64 * KIB;
  /** Those that are complete. */
  readonly bytes = new InFlightBytes({ total: 64 * MIB, perHolder: 16 * MIB, least: 0 });
  /** Files, of which a part is in memory: what the store has sent and the client has not taken. */
  readonly files = new InFlightBytes({ total: 64 * MIB, perHolder: 16 * MIB, least: 512 * KIB });
}

/**
 * Counts bytes of a response until its client has read it, or is cut for not having done so in time.
 *
 * @throws TooMuchInFlightError
 */
export function holdUntilRead(
  raw: ServerResponse,
  { budget, holder, bytes, withinMs }: { budget: InFlightBytes; holder: string; bytes: number; withinMs: number },
): void {
  // A client that left before this line causes no `close` event.
  if (raw.destroyed) return;
  const release = budget.take(holder, bytes);
  const deadline = setTimeout(() => raw.socket?.destroy(), withinMs);
  raw.once('close', () => {
    clearTimeout(deadline);
    release();
  });
}

@Global()
@Module({ providers: [BodiesInFlight, AnswersInFlight], exports: [BodiesInFlight, AnswersInFlight] })
export class InFlightModule {}
