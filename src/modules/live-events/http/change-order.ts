import type { Change } from '../live-event.js';

/**
 * Brings the changes of a user into the order of their versions. Processes publish after they commit, so that a later
 * change may be published first: it is held until the ones before it are there.
 */
export class ChangeOrder {
  private held: Change[] = [];

  /** @param version the version up to which every change was told */
  constructor(private current: number) {}

  get version(): number {
    return this.current;
  }

  get heldCount(): number {
    return this.held.length;
  }

  /** The changes that are due by now, in their order. `version` is that of the change that was returned last. */
  *take(change: Change): Generator<Change> {
    // It was told, or came with a `reset`.
    if (change.raises && change.version <= this.version) return;
    this.held.push(change);
    // Sorting is stable: what happened at a version comes after the change that made it, in the order of its arrival.
    this.held.sort((a, b) => a.version - b.version || Number(b.raises) - Number(a.raises));
    yield* this.due();
  }

  /** Goes on after a `reset`, which has told of every change up to `version`. The changes that are due then. */
  *goOnAfter(version: number): Generator<Change> {
    this.current = version;
    this.held = this.held.filter((change) => change.version > version);
    yield* this.due();
  }

  private *due(): Generator<Change> {
    for (let first = this.held[0]; first && this.isDue(first); first = this.held[0]) {
      this.held.shift();
      if (first.raises && first.version === this.current) continue;
      if (first.raises) this.current = first.version;
      yield first;
    }
  }

  private isDue({ version, raises }: Change): boolean {
    return version <= this.version || (raises && version === this.version + 1);
  }
}
