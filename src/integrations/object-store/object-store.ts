/** Bytes of an object, by the offsets of the first and the last one. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Objects of bytes under the ids that their owner gives them. Both stores behave the same way. */
export abstract class ObjectStore {
  /**
   * Stores an object, which is complete when this resolves. Bytes of an object that failed may be left until `delete`.
   *
   * @param bytes is read as fast as the store takes it
   * @throws ServiceUnavailableError when the store fails, and the errors of `bytes`
   */
  abstract put(id: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;

  /**
   * Reads a range of an object, or an object of at least one byte.
   *
   * @returns its bytes in chunks, which are read as they are taken; the first one has been read
   * @param signal ends the reading
   * @throws ObjectMissingError, ServiceUnavailableError, the reason of the signal
   */
  abstract read(id: string, range: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;

  /**
   * Deletes objects, and what is left of those that failed. Unknown ids are no error.
   *
   * @returns the ids that are gone; the others have to be tried again
   * @throws ServiceUnavailableError
   */
  abstract delete(ids: readonly string[]): Promise<string[]>;

  /**
   * Lists `count` ids after an id in their order, and fewer only where there are no more. Those of objects that failed
   * are included where the store knows them.
   *
   * @param after null: from the beginning
   * @throws ServiceUnavailableError
   */
  abstract list(after: string | null, count: number): Promise<string[]>;
}

export class ObjectMissingError extends Error {
  override readonly name = 'ObjectMissingError';

  constructor(id: string) {
    super(`the store has no object ${id}, or only a part of it`);
  }
}
