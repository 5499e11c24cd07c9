import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, looking every `everyMs`. @throws Error when it does not come within the time */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 60_000, everyMs = 50): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
