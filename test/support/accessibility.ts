import axe, { type AxeResults, type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/** The rules whose verdict depends on colours: all that a second colour scheme can change. */
const RULES_OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds wrong with a page as it is shown, by the rules of WCAG 2.2 AA and those that are good practice.
 *
 * @param part a selector of the part to judge, where the rest is not ours
 * @param of `colours` to judge only what another colour scheme can change
 */
export async function accessibilityProblems(page: Page, part = ':root', of: 'everything' | 'colours' = 'everything'): Promise<string[]> {
  // Through the debugger, since the content security policy of a page allows no script of another origin.
  if (await page.evaluate<boolean>('typeof axe === "undefined"')) await page.evaluate(axe.source);
  const options: RunOptions = {
    resultTypes: ['violations'],
    ...(of === 'colours' ? { runOnly: { type: 'rule', values: RULES_OF_COLOURS } } : {}),
  };
  const { violations } = await page.evaluate(
    ([context, how]) =>
      (globalThis as unknown as { axe: { run(context: string, options: RunOptions): Promise<AxeResults> } }).axe.run(context, how),
    [part, options] as const,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
}
