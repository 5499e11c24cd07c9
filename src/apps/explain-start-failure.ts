import { ConfigError } from '../config/env.js';
import { isDatabaseUnavailable } from '../database/database.errors.js';
import { DependencyError } from './wait-for-dependencies.js';

/** A sentence for the failures that are the operator's to mend; null for ours. */
export function explainStartFailure(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DependencyError) return error.message;
  if (isPortTaken(error))
    return `Port ${error.port} is taken by another process. Stop that one, or set PORT to another port (0 takes any free one).`;
  if (isDatabaseUnavailable(error))
    return `PostgreSQL cannot be reached: ${error instanceof Error ? error.message : String(error)}. Check DATABASE_URL.`;
  return null;
}

const isPortTaken = (error: unknown): error is { port: number } =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;
