import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { requestContext } from '../request-context.js';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

export type LogThreshold = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const LEAST: Readonly<Record<LogThreshold, number>> = { silent: 0, fatal: 1, error: 2, warn: 3, info: 4, debug: 5, trace: 6 };

/** Nest's logger: one JSON object or text per line, with the id of the request or job that the line belongs to. */
export class AppLogger extends ConsoleLogger {
  constructor(options: { threshold: LogThreshold; json: boolean }) {
    super({ json: options.json, logLevels: LEVELS.slice(0, LEAST[options.threshold]), structuredParams: true, flattenParams: true });
  }

  protected override getJsonLogObject(...args: Parameters<ConsoleLogger['getJsonLogObject']>) {
    const requestId = requestContext.getStore()?.requestId;
    return { ...super.getJsonLogObject(...args), ...(requestId === undefined ? {} : { request_id: requestId }) };
  }

  protected override formatMessage(...args: Parameters<ConsoleLogger['formatMessage']>): string {
    const requestId = requestContext.getStore()?.requestId;
    const line = super.formatMessage(...args);
    return requestId === undefined ? line : line.replace(/\n$/, ` request_id=${requestId}\n`);
  }
}
