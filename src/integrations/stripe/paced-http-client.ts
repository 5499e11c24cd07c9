import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import Stripe from 'stripe';
import { requestContext } from '../../common/request-context.js';
import type { Counters } from '../../database/counters.js';

/** The longest time that a call of a job waits until Stripe may be asked. A request has its own deadline. */
const JOB_WAIT_MS = 30_000;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 4_000;

export interface Pace {
  /** The calls of the account in a second, over all processes. */
  readonly callsPerSecond: number;
  /** Names the account. */
  readonly key: string;
}

/**
 * Sends the calls of all processes at one pace, and repeats those that Stripe answers with 429: too many calls, or an
 * object that another call holds (`lock_timeout`). A call that a user waits for comes before those of jobs. All of them
 * wait for a bounded time; a call whose turn does not come in time ends as if Stripe had answered 429.
 * https://docs.stripe.com/rate-limits
 */
export class PacedHttpClient implements Stripe.HttpClient {
  private readonly http = Stripe.createNodeHttpClient();

  constructor(
    private readonly counters: Counters,
    private readonly pace: Pace,
  ) {}

  getClientName(): string {
    return this.http.getClientName();
  }

  async makeRequest(...request: Parameters<Stripe.HttpClient['makeRequest']>): Promise<Stripe.HttpClientResponse> {
    const deadline = requestContext.getStore()?.deadline ?? performance.now() + JOB_WAIT_MS;
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(LONGEST_DELAY_MS, 2 * delay)) {
      if (!(await this.waitForTurn(deadline))) return NO_TURN;
      const response = await this.http.makeRequest(...request);
      const pause = jittered(delay);
      if (response.getStatusCode() !== 429 || performance.now() + pause > deadline) return response;
      // An answer that nobody reads would keep its connection.
      (response.getRawResponse() as IncomingMessage).resume();
      await wait(pause);
    }
  }

  /** @returns false when the turn would come after the deadline */
  private async waitForTurn(deadline: number): Promise<boolean> {
    const isAwaited = requestContext.getStore()?.deadline !== undefined;
    const { key, callsPerSecond } = this.pace;
    for (;;) {
      const left = deadline - performance.now();
      if (left < 0) return false;
      // A job takes no turn of the future, so that a user's call never waits behind those of many jobs.
      const turn = await this.counters.takeTurn(['stripe', key], { perSecond: callsPerSecond, longestWaitMs: isAwaited ? left : 0 });
      if (turn.taken) {
        if (turn.waitMs > 0) await wait(turn.waitMs);
        return true;
      }
      if (isAwaited) return false;
      await wait(jittered(FIRST_DELAY_MS));
    }
  }
}

/** From half of a time to the whole of it, so that callers who were refused together do not come back together. */
const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);

const NO_TURN: Stripe.HttpClientResponse = {
  getStatusCode: () => 429,
  getHeaders: () => ({ 'stripe-should-retry': 'false' }),
  getRawResponse: () => null,
  toStream: () => null,
  toJSON: () =>
    Promise.resolve({ error: { type: 'invalid_request_error', code: 'rate_limit', message: 'No turn to call Stripe came in time.' } }),
};
