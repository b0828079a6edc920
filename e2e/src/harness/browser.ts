import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's; `apt-get install chromium`. */
const CHROMIUM = '/usr/bin/chromium';

/** Null: there is one. Else what is missing, and how to get it. */
export function missingBrowser(): string | null {
  if (existsSync(CHROMIUM)) return null;
  const why = `${CHROMIUM} is missing: apt-get install chromium`;
  if (process.env['REQUIRE_ALL'] === '1') throw new Error(why);
  return why;
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** What a browser complained of while a page was open; a refused request is told where it is asked for. */
export function hearComplaints(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (said) => {
    if (said.type() === 'error' && !said.text().startsWith('Failed to load resource'))
      complaints.push(said.text());
  });
  return complaints;
}

let axe: string | null = null;

/** What keeps people who do not see, or have no mouse, from a page: only what is serious. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  const file = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  axe ??= await readFile(file, 'utf8');
  await page.evaluate(axe);
  const found: unknown = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + ' ' + failureSummary.slice(0, 200))))`,
  );
  return found as readonly string[];
}
