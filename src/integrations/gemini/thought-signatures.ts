/** What the model wants to have back, unread, with the part of the answer's text that ends at `end`. */
export interface ThoughtSignature {
  /** In UTF-16 units. */
  readonly end: number;
  readonly signature: string;
}
