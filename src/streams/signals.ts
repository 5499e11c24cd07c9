/**
 * Short messages to the current listeners in all processes. Messages can get lost, so that a signal may only speed up
 * what would happen anyway.
 */
export abstract class Signals {
  /** It never fails. A message that cannot be sent is lost. */
  abstract publish(topic: string, message: string): void;

  /** @returns a function that removes the listener */
  abstract listen(topic: string, listener: (message: string) => void): () => void;
}
