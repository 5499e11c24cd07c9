export type Stop = () => Promise<void>;

/**
 * The life of a process: starts it, stops it on SIGINT or SIGTERM (a second signal ends it at once), and exits with 1 and one message when it
 * cannot start.
 *
 * @param explain turns a failure into a message for people, or null to show its stack
 */
export async function runProcess(start: () => Promise<Stop>, explain: (error: unknown) => string | null = () => null): Promise<void> {
  let stop: Stop | null = null;
  let stopping = false;
  const onSignal = () => {
    if (stopping) process.exit(1);
    stopping = true;
    if (stop) void finish(stop);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    stop = await start();
  } catch (error) {
    fail(error, explain);
  }
  // A signal that came while the process was starting.
  if (stopping) await finish(stop);
}

async function finish(stop: Stop): Promise<never> {
  try {
    await stop();
  } catch (error) {
    fail(error, () => null);
  }
  process.exit(0);
}

function fail(error: unknown, explain: (error: unknown) => string | null): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${explain(error) ?? stack}\n`);
  process.exit(1);
}
