import { explainStartFailure } from '../explain-start-failure.js';

/** A failure of the local mode that its user can correct. */
export class LocalModeError extends Error {
  override readonly name = 'LocalModeError';
}

/** Explains a failure that the user can correct; null for other failures. */
export function explainLocalFailure(error: unknown): string | null {
  return error instanceof LocalModeError ? error.message : explainStartFailure(error);
}
