/**
 * Makes text that arrives in pieces storable: PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair. A pair
 * that is split between two pieces is joined in the second one. A lone half becomes U+FFFD, or nothing at the end of
 * the text. NUL is dropped.
 */
export class WellFormedText {
  private half = '';

  push(piece: string): string {
    const text = (this.half + piece).replaceAll('\0', '');
    this.half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
    const whole = this.half === '' ? text : text.slice(0, -1);
    return whole.replace(/\p{Surrogate}/gu, '\uFFFD');
  }
}
