export type Stop = () => Promise<void>;

/**
 * The life of a process: starts it, stops it on SIGINT or SIGTERM (a second signal ends it at once), and exits with 1 and one message when it
 * cannot start.
 *
 * @param explain turns a failure into a message for people, or null to show its stack
 */
export async function runProcess(start: () => Promise<Stop>, explain: (error: unknown) => string | null = () => null): Promise<void> {
  const signal = new Promise<void>((resolve) => {
    const onSignal = () => {
      resolve();
      process.on('SIGINT', () => process.exit(1)).on('SIGTERM', () => process.exit(1));
    };
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  });
  const stop = await start().catch((error: unknown) => fail(error, explain));
  await signal;
  await stop().catch((error: unknown) => fail(error, () => null));
  process.exit(0);
}

function fail(error: unknown, explain: (error: unknown) => string | null): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${explain(error) ?? stack}\n`);
  process.exit(1);
}
