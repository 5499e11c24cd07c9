/** Time in which connections close when all work has ended or was given back, in seconds. */
const CLOSING_SECONDS = 15;

/**
 * Waits for a shutdown. Closing a connection that has gone silent can take minutes, and nothing is lost when the
 * process ends before: what it had in work is taken over.
 *
 * @throws Error when the shutdown takes longer than the time for work and `CLOSING_SECONDS`
 */
export async function stopWithin(drainSeconds: number, shutdown: Promise<void>): Promise<void> {
  const seconds = drainSeconds + CLOSING_SECONDS;
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    deadline = setTimeout(() => {
      reject(new Error(`The process has not stopped within ${seconds} s.`));
    }, seconds * 1_000);
  });
  try {
    await Promise.race([shutdown, late]);
  } finally {
    clearTimeout(deadline);
  }
}
