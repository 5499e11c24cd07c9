import { setTimeout } from 'node:timers/promises';

const DEADLINE_MS = 20_000;

/** Resolves when the condition holds. @throws Error after 20 s */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not come to pass within ${DEADLINE_MS} ms: ${condition.toString()}`);
    await setTimeout(10);
  }
}
