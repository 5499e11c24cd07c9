import { explainStartFailure } from '../explain-start-failure.js';

/** What keeps the local mode from running and is for its user to read and mend. */
export class LocalModeError extends Error {
  override readonly name = 'LocalModeError';
}

/** A message for the failures that are the user's to mend; null for ours. */
export function explainLocalFailure(error: unknown): string | null {
  return error instanceof LocalModeError ? error.message : explainStartFailure(error);
}
