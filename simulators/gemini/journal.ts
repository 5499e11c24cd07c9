import { type Purpose } from './purpose.js';

export interface JournalEntry {
  number: number;
  at: string;
  method: string;
  path: string;
  /** Null for routes that generate nothing. */
  purpose: Purpose | null;
  /** The scenario word that decided the answer, if one did. */
  scenario: string | null;
  /** From 1, among the calls with the same prompt; null for routes that generate nothing. */
  attempt: number | null;
  status: number | null;
  /** `aborted`: the caller went away before the answer was complete. `broken`: the simulator cut it, on purpose. */
  outcome: 'open' | 'answered' | 'aborted' | 'broken';
  /** At most 64 Ki characters of it, without the bytes of files. */
  body: string;
}

const KEPT_ENTRIES = 100;
const KEPT_BODY = 65_536;
const KEPT_PROMPTS = 10_000;

/** The requests that the simulator got. All of it is bounded: the newest requests, the newest prompts, and counters. */
export class Journal {
  private entries: JournalEntry[] = [];
  private attempts = new Map<string, number>();
  private counters = { received: 0, answered: 0, aborted: 0, broken: 0 };
  private open = 0;
  private peakOpen = 0;

  begin(method: string, path: string): JournalEntry {
    this.counters.received += 1;
    this.open += 1;
    this.peakOpen = Math.max(this.peakOpen, this.open);
    const at = new Date().toISOString();
    const number = this.counters.received;
    const entry: JournalEntry = {
      number,
      at,
      method,
      path,
      purpose: null,
      scenario: null,
      attempt: null,
      status: null,
      outcome: 'open',
      body: '',
    };
    this.entries.push(entry);
    if (this.entries.length > KEPT_ENTRIES) this.entries.shift();
    return entry;
  }

  keepBody(entry: JournalEntry, body: string): void {
    // A copy, because a slice would keep the whole body in memory.
    entry.body = Buffer.from(withoutFileData(body).slice(0, KEPT_BODY)).toString();
  }

  end(entry: JournalEntry, outcome: 'answered' | 'aborted' | 'broken', status: number | null): void {
    if (entry.outcome !== 'open') return;
    entry.outcome = outcome;
    entry.status = status;
    this.open -= 1;
    this.counters[outcome] += 1;
  }

  /** Counts this call of a prompt and gives its number, from 1. */
  attemptOf(fingerprint: string): number {
    const attempt = (this.attempts.get(fingerprint) ?? 0) + 1;
    this.attempts.delete(fingerprint);
    this.attempts.set(fingerprint, attempt);
    for (const oldest of this.attempts.keys()) {
      if (this.attempts.size <= KEPT_PROMPTS) break;
      this.attempts.delete(oldest);
    }
    return attempt;
  }

  /** Forgets the requests and attempts; those that are open now stay counted as open. */
  reset(): void {
    this.entries = [];
    this.attempts.clear();
    this.counters = { received: 0, answered: 0, aborted: 0, broken: 0 };
    this.peakOpen = this.open;
  }

  snapshot(): {
    open: number;
    peakOpen: number;
    received: number;
    answered: number;
    aborted: number;
    broken: number;
    requests: JournalEntry[];
  } {
    return { open: this.open, peakOpen: this.peakOpen, ...this.counters, requests: this.entries };
  }
}

const FILE_DATA = '"data":"';

/** The bytes of a file would take the place of the rest. */
function withoutFileData(body: string): string {
  const [start = '', ...rest] = body.split(FILE_DATA);
  const pieces = rest.map((piece) => {
    const length = piece.indexOf('"');
    return length < 1_000 ? piece : `(${length} characters)${piece.slice(length)}`;
  });
  return [start, ...pieces].join(FILE_DATA);
}
