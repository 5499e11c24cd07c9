/**
 * Short messages to whoever listens at the moment, in any process. Lossy: a message can get lost, so it may only make things faster that would
 * happen anyway.
 */
export abstract class Signals {
  /** Never fails: what cannot be sent is lost. */
  abstract publish(topic: string, message: string): void;

  /** @returns what ends it */
  abstract listen(topic: string, listener: (message: string) => void): () => void;
}
