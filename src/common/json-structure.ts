const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Receives the structure of a JSON text. Each index is the offset of a byte. */
export interface StructureVisitor {
  /** @param depth of the container, from 1 */
  open?(index: number, depth: number, kind: 'object' | 'list'): void;
  /** @param depth of the container, from 1; 0 or less where nothing was open */
  close?(index: number, depth: number): void;
  /** A comma between two members of a container. @param depth of the container */
  separate?(depth: number): void;
}

/**
 * Follows the containers of a JSON text byte by byte, without decoding it, in one pass that allocates nothing. So depth
 * and sizes can be checked before a parser receives the text. It does not check whether the text is JSON.
 */
export class JsonStructure {
  private depth = 0;
  private isInString = false;
  private isEscaped = false;

  constructor(private readonly visitor: StructureVisitor) {}

  /**
   * Scans the bytes from `from` to `to`, which follow those of the previous call. A visitor that throws ends the scan.
   */
  scan(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const byte = bytes[i];
      if (this.isInString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (byte === BACKSLASH) this.isEscaped = true;
        else if (byte === QUOTE) this.isInString = false;
      } else if (byte === QUOTE) {
        this.isInString = true;
      } else if (byte === COMMA) {
        this.visitor.separate?.(this.depth);
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        this.depth += 1;
        this.visitor.open?.(i, this.depth, byte === OPEN_OBJECT ? 'object' : 'list');
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        this.visitor.close?.(i, this.depth);
        this.depth -= 1;
      }
    }
  }
}
