export type Stop = () => Promise<void>;

/** Ends the process with 1 and the error's message, at once: for what a process cannot go on without and that is gone. */
export type Fail = (error: unknown) => never;

/** npm passes a signal on that a terminal has already sent to the whole process group: what follows so soon is the same wish. */
const SAME_SIGNAL_MS = 500;

/**
 * The life of a process: starts it, stops it on SIGINT or SIGTERM (a second signal ends it at once), and exits with 1 and one message when it
 * cannot start.
 *
 * @param start a signal that comes before it is done waits for it; throws, or calls `fail` at any later time, when there is no going on
 * @param explain turns a failure into a message for people, or null to show its stack
 */
export async function runProcess(
  start: (fail: Fail) => Promise<Stop>,
  explain: (error: unknown) => string | null = () => null,
): Promise<void> {
  const signal = new Promise<void>((resolve) => {
    let firstAt: number | null = null;
    const onSignal = () => {
      if (firstAt !== null && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
      firstAt ??= performance.now();
      resolve();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
  const fail: Fail = (error) => exitWith(error, explain);
  const stop = await start(fail).catch(fail);
  await signal;
  await stop().catch((error: unknown) => exitWith(error, () => null));
  process.exit(0);
}

function exitWith(error: unknown, explain: (error: unknown) => string | null): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${explain(error) ?? stack}\n`);
  process.exit(1);
}
