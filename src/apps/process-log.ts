import { Logger } from '@nestjs/common';

type ProcessName = 'api' | 'worker';

const logger = new Logger('Process');
let crashesAreLogged = false;

/** The lines that every process logs in its life: `ready`, `draining`, `ended`, or `crashed`. */
export const processLog = {
  /** Logs that the process works, with what an operator wants to know about it. */
  ready(process: ProcessName, fields: Readonly<Record<string, unknown>> = {}): void {
    logger.log('ready', { process, node: globalThis.process.versions.node, start_ms: Math.round(performance.now()), ...fields });
  },
  /** @param withinSeconds after which work that is still under way is cut off */
  draining(process: ProcessName, withinSeconds: number): void {
    logger.log('draining', { process, within_s: withinSeconds });
  },
  ended(process: ProcessName): void {
    logger.log('ended', { process, uptime_s: Math.round(performance.now() / 1_000) });
  },
  /** Ends the process with status 1 at an error that nobody caught, after a line with it. */
  crashes(): void {
    if (crashesAreLogged) return;
    crashesAreLogged = true;
    process.on('uncaughtException', (error) => {
      logger.fatal('crashed', error);
      process.exit(1);
    });
  },
};
