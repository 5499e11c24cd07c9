export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg?: string;
  readonly context?: string;
  readonly [field: string]: unknown;
}

/** A destination of the log that keeps every line. */
export class CapturedLog {
  readonly lines: LogLine[] = [];

  write(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.lines.push(JSON.parse(line) as LogLine);
  }

  /** The lines of requests, without what differs from run to run. */
  requests(): object[] {
    return this.lines
      .filter(({ context }) => context === 'Http')
      .map(({ time, ms, pid, hostname, ...line }) => {
        if (
          (typeof ms !== 'number' && ms !== null) ||
          typeof pid !== 'number' ||
          typeof hostname !== 'string' ||
          Number.isNaN(Date.parse(time))
        )
          throw new Error(`a line lacks time, ms, pid or hostname: ${JSON.stringify(line)}`);
        return line;
      });
  }
}
