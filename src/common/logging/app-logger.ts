import type { LoggerService } from '@nestjs/common';
import type { Level, Logger as Pino } from 'pino';

/** Nest's own words about its start: hundreds of lines, which only the level `debug` shows. */
const FRAMEWORK: ReadonlySet<unknown> = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);
const STACK = /^.+\n\s+at .+:\d+:\d+/;

/**
 * Nest's logger on pino. Of what follows a message, an object gives fields of the line, an error its field `err`, a
 * stack its field `stack`, and a text at the end the line's context.
 */
export class AppLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const fields: Record<string, unknown> = {};
    for (const [i, value] of rest.entries()) {
      if (typeof value === 'string') fields[STACK.test(value) ? 'stack' : i === rest.length - 1 ? 'context' : 'detail'] = value;
      else add(fields, value);
    }
    if (typeof message === 'string') this.pino[level](fields, message);
    else {
      add(fields, message);
      this.pino[level](fields, message instanceof Error ? message.message : undefined);
    }
  }
}

function add(fields: Record<string, unknown>, value: unknown): void {
  if (value instanceof Error) fields['err'] = value;
  else if (typeof value === 'object' && value !== null) Object.assign(fields, value);
  else if (value !== undefined) fields['detail'] = value;
}
