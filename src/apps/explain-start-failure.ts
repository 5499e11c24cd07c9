import { ConfigError } from '../config/env.js';
import { isDatabaseUnavailable } from '../database/database.errors.js';
import { DependencyError } from './wait-for-dependencies.js';

/** Explains a failure that the operator can correct; null for other failures. */
export function explainStartFailure(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DependencyError) return error.message;
  if (isListenError(error)) {
    return error.code === 'EADDRINUSE'
      ? `Port ${error.port} is taken by another process. Stop that one, or set PORT or METRICS_PORT, whichever it is, to another port.`
      : `Port ${error.port} of ${error.address} cannot be listened on (${error.code}). Check HOST, PORT and METRICS_PORT.`;
  }
  if (isDatabaseUnavailable(error))
    return `PostgreSQL cannot be reached: ${error instanceof Error ? error.message : String(error)}. Check DATABASE_URL.`;
  return null;
}

const isListenError = (error: unknown): error is { code: string; address: string; port: number } =>
  typeof error === 'object' && error !== null && 'syscall' in error && error.syscall === 'listen' && 'port' in error;
