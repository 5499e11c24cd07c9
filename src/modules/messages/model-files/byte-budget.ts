interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/** Bounds the bytes in memory at once. Who waits is served in order; an amount above the bound counts as the bound. */
export class ByteBudget {
  private free: number;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly size: number) {
    this.free = size;
  }

  /** Takes bytes if they are free now. @returns what gives them back, once; null when they are not free */
  tryTake(bytes: number): (() => void) | null {
    const taken = Math.min(bytes, this.size);
    return this.waiting.length > 0 || taken > this.free ? null : this.give(taken);
  }

  /** Waits until the bytes are free. @throws the reason of the signal */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const release = this.tryTake(bytes);
    if (release) return release;
    return new Promise((resolve, reject) => {
      const taken = Math.min(bytes, this.size);
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(waiting), 1);
        this.serve();
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        bytes: taken,
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.give(taken));
        },
      };
      this.waiting.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private give(bytes: number): () => void {
    this.free -= bytes;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.free += bytes;
      this.serve();
    };
  }

  private serve(): void {
    for (let next = this.waiting[0]; next !== undefined && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      next.start();
    }
  }
}
