import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import { requestContext } from '../request-context.js';
import { currentTraceId } from '../tracing/tracing.js';
import { AppLogger } from './app-logger.js';
import { toLoggedError } from './logged-error.js';

/** The bytes that are written at once, and the time in milliseconds after which fewer are. */
const CHUNK = { minLength: 4_096, periodicFlush: 100 };
/** The bytes that wait for a reader of the log that does not keep up. Lines above it are dropped. */
const MAX_WAITING = 16 * 1_024 * 1_024;

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Where the lines go; default: standard output. */
  readonly destination?: DestinationStream;
}

let ofProcess: Promise<DestinationStream> | null = null;

/**
 * Opens the log: one JSON object a line, with the request or job that the line belongs to; in a terminal, text in
 * colours.
 */
export async function openLog({ level, destination }: LogOptions): Promise<AppLogger> {
  return new AppLogger(
    pino(
      {
        level,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: toLoggedError },
        mixin: () => currentIds(),
      },
      destination ?? (await (ofProcess ??= openStandardOutput())),
    ),
  );
}

function currentIds(): Record<string, string> {
  const { requestId, jobId } = requestContext.getStore() ?? {};
  const traceId = currentTraceId();
  return {
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(jobId === undefined ? {} : { job_id: jobId }),
    ...(traceId === null ? {} : { trace_id: traceId }),
  };
}

/** pino writes what is left when the process ends, also at an error that nobody caught. */
async function openStandardOutput(): Promise<DestinationStream> {
  if (process.stdout.isTTY) return (await import('./terminal-log.js')).openTerminalLog();
  return pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING, ...CHUNK });
}
