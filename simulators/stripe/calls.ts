/** The calls of the API that came, and how many may come. */
export interface Call {
  /** real milliseconds */
  at: number;
  /** whose API key */
  key: string;
  method: string;
  path: string;
  /** The parameters as they came, encoded as a form. */
  form: string;
  idempotency_key: string | null;
  status: number;
}

/** The calls since the limits were set, of all keys: https://docs.stripe.com/rate-limits */
export interface CallRate {
  /** Calls that are answered in any second of real time; null for all. */
  per_second: number | null;
  /** The same of one endpoint: a method and a path without its ids. */
  endpoint_per_second: number | null;
  calls: number;
  refused: number;
}

const KEPT = 5000;

export class Calls {
  private kept: Call[] = [];
  private admitted: { endpoint: string; at: number }[] = [];
  private current: CallRate = { per_second: null, endpoint_per_second: null, calls: 0, refused: 0 };

  rate(): CallRate {
    return this.current;
  }

  limit(limits: Pick<CallRate, 'per_second' | 'endpoint_per_second'>): void {
    this.admitted = [];
    this.current = { ...limits, calls: 0, refused: 0 };
  }

  /** Counts a call. @returns the limit that it exceeds, in the words of Stripe's header */
  exceeds(endpoint: string): 'global-rate' | 'endpoint-rate' | undefined {
    const { per_second: most, endpoint_per_second: mostHere } = this.current;
    this.current.calls += 1;
    if (most === null && mostHere === null) return undefined;
    const now = performance.now();
    this.admitted = this.admitted.filter(({ at }) => at > now - 1000);
    const here = this.admitted.filter((one) => one.endpoint === endpoint).length;
    const excess =
      this.admitted.length >= (most ?? Infinity) ? 'global-rate' : here >= (mostHere ?? Infinity) ? 'endpoint-rate' : undefined;
    if (excess === undefined) this.admitted.push({ endpoint, at: now });
    else this.current.refused += 1;
    return excess;
  }

  record(call: Call): void {
    this.kept.push(call);
    if (this.kept.length > 2 * KEPT) this.kept = this.kept.slice(-KEPT);
  }

  /** The newest calls, oldest first. */
  last(): Call[] {
    return this.kept.slice(-KEPT);
  }

  forget(): void {
    this.kept = [];
  }
}
