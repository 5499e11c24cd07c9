export type Stop = () => Promise<void>;

/** Ends the process at once with status 1 and the error's message, when something that the process needs is gone. */
export type Fail = (error: unknown) => never;

/**
 * npm repeats a signal that a terminal has sent to the whole process group. A signal that follows so soon is the same
 * one.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a process: starts it, stops it on SIGINT or SIGTERM (a second signal ends it at once), and exits with status 1
 * and one message when it cannot start.
 *
 * @param start a signal waits until it has resolved. It throws, or calls `fail` at a later time, when the process
 *   cannot go on
 * @param explain turns a failure into a message for people; null to show its stack
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
