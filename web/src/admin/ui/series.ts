/** The values of one kind, one for each day. */
export interface Series {
  readonly name: string;
  /** A colour of the page. */
  readonly tone: 'accent' | 'bad' | 'muted' | 'warn';
  readonly values: readonly number[];
}
