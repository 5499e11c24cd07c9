import type { Page } from 'playwright-core';
import { accessibilityProblems } from './accessibility.js';

const SIZES = [
  { width: 1280, height: 860 },
  { width: 390, height: 844 },
] as const;

/**
 * Judges a page as it is now by axe and by its width, on two sizes, in light and dark.
 *
 * @param folder for pictures, for people to look at
 */
export async function lookAt(page: Page, name: string, folder?: string): Promise<void> {
  const found: string[] = [];
  for (const viewport of SIZES) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > viewport.width) found.push(`${name} ${viewport.width}: the page is ${width} px wide`);
      const problems = await accessibilityProblems(page, ':root', colorScheme === 'light' ? 'everything' : 'colours');
      found.push(...problems.map((problem) => `${name} ${viewport.width} ${colorScheme}: ${problem}`));
      if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${viewport.width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(SIZES[0]);
  await page.emulateMedia({ colorScheme: 'light' });
  expect(found).toEqual([]);
}
