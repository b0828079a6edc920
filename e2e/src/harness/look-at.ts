import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';

import { findBarriers } from './browser.ts';

const WIDE = { width: 1280, height: 820 };
const NARROW = { width: 390, height: 820 };

/** With UPDATE_SCREENS=1: pictures for the documentation, of the pages as the tests have left them. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env['UPDATE_SCREENS'] !== '1') return;
  const folder = new URL('../../../docs/screens/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)) });
}

/** What `lookAt` says of a page that everybody can use. */
export const NOTHING_WRONG = { light: [], dark: [], pixelsTooWide: 0 } as const;

/** What keeps people out, in light and in dark, and by how much the page is wider than a telephone. */
export async function lookAt(
  page: Page,
  name: string,
): Promise<{ light: readonly string[]; dark: readonly string[]; pixelsTooWide: number }> {
  const inScheme = async (colorScheme: 'light' | 'dark'): Promise<readonly string[]> => {
    await page.emulateMedia({ colorScheme });
    const barriers = await findBarriers(page);
    await keepPicture(page, `${name}-${colorScheme}`);
    return barriers;
  };
  const light = await inScheme('light');
  const dark = await inScheme('dark');
  await page.setViewportSize(NARROW);
  const wider: unknown = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  return { light, dark, pixelsTooWide: Math.max(0, Number(wider)) };
}
