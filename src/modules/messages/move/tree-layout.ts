export interface Place {
  /** Place on its branch, from 1. */
  readonly depth: number;
  /** The stretch without forks that it belongs to: the place in the list, from 1, of its first message. */
  readonly run: number;
  /** Of the first message of a run that left another one: that one. */
  readonly forkedRun: number | null;
}

/** Where the messages of a tree are. @param parents of each message its parent's place in the list, from 1; parents come before their children */
export function layOut(parents: readonly (number | null)[]): Place[] {
  const places: Place[] = [];
  const haveChild = new Set<number>();
  for (const [i, parent] of parents.entries()) {
    const above = parent === null ? undefined : places[parent - 1];
    const goesOn = parent !== null && above !== undefined && !haveChild.has(parent);
    if (parent !== null) haveChild.add(parent);
    places.push({ depth: (above?.depth ?? 0) + 1, run: goesOn ? above.run : i + 1, forkedRun: goesOn ? null : (above?.run ?? null) });
  }
  return places;
}
