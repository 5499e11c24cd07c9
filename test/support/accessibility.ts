import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What axe finds wrong with a page as it is shown, by the rules of WCAG 2.2 AA and those that are good practice.
 *
 * @param part a selector of the part to judge, where the rest is not ours
 */
export async function accessibilityProblems(page: Page, part = ':root'): Promise<string[]> {
  // Through the debugger, since the content security policy of a page allows no script of another origin.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (context) => (globalThis as unknown as { axe: { run(context: string): Promise<AxeResults> } }).axe.run(context),
    part,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
}
