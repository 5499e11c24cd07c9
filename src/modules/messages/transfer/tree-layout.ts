/** The position of a message in the tree of a room. */
export interface TreePosition {
  /** Its number on its branch, from 1. */
  readonly depth: number;
  /**
   * The run that it belongs to, which is a part of a branch without forks: the position of the run's first message in
   * the list, from 1.
   */
  readonly run: number;
  /** The run that this one forked off, in the first message of a run; null in the others. */
  readonly forkedRun: number | null;
}

/**
 * Positions of messages in their tree.
 *
 * @param parents for each message, the position of its parent in the list, from 1; parents come before their children
 */
export function layOut(parents: readonly (number | null)[]): TreePosition[] {
  const positions: TreePosition[] = [];
  const haveChild = new Set<number>();
  for (const [i, parent] of parents.entries()) {
    const above = parent === null ? undefined : positions[parent - 1];
    const goesOn = parent !== null && above !== undefined && !haveChild.has(parent);
    if (parent !== null) haveChild.add(parent);
    positions.push({ depth: (above?.depth ?? 0) + 1, run: goesOn ? above.run : i + 1, forkedRun: goesOn ? null : (above?.run ?? null) });
  }
  return positions;
}
