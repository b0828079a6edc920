import { ensureConsole } from '@sagewai/console/build';
import type { TestCluster } from '@sagewai/testing';
import type { Browser, Page } from 'playwright-core';

import { hearComplaints, launchBrowser } from './browser.ts';
import { install, type Installation } from './installation.ts';
import type { Environment } from './sagewai.ts';
import type { Stage } from './stage.ts';
import { makeEnrollmentKey, startWorker } from './worker.ts';

export const PASSWORD = 'seven green lanterns at the harbour';
export const OWNER = 'anna@example.com';

export interface Opened {
  readonly installation: Installation;
  readonly browser: Browser;
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly setupToken: string;
}

/** One server, one worker (unless there is to be none) and one browser for all tests of a file. */
export async function openConsole(
  stage: Stage,
  cluster: TestCluster,
  of: { readonly environment?: Environment; readonly hasWorker?: boolean } = {},
): Promise<Opened> {
  const { environment = {}, hasWorker = true } = of;
  const folder = await ensureConsole();
  const installation = await install(stage, cluster, {
    models: [{ name: 'scripted', inputPrice: 0.000_01, outputPrice: 0.000_02 }],
    environment: { CONSOLE_DIR: folder, ...environment },
  });
  const { server } = installation;
  const setupToken = /setup-[\w-]+/.exec(
    server.process().text().replaceAll('--setup-token', ''),
  )?.[0];
  if (setupToken === undefined) throw new Error('the server has shown no setup token');
  const worker = hasWorker
    ? startWorker(stage, {
        url: server.url,
        name: 'harbour',
        enrollmentKey: await makeEnrollmentKey(server),
        models: ['scripted'],
      })
    : null;
  const browser = await launchBrowser();
  stage.defer('the browser', () => browser.close());
  const context = await browser.newContext({
    viewport: { width: 1280, height: 820 },
    locale: 'en-GB',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const complaints = hearComplaints(page);
  await worker?.says(/session \d+/);
  return { installation, browser, page, complaints, setupToken };
}

/** With the setup token, at the first page of a new server. */
export async function makeOwner({ page, setupToken, installation }: Opened): Promise<void> {
  await page.goto(`${installation.server.url}/`);
  await page.getByRole('tab', { name: 'First owner' }).click();
  await page.getByLabel('Setup token').fill(setupToken);
  await page.getByLabel('E-mail address').fill(OWNER);
  await page.getByLabel('Name').fill('Anna Berg');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the first owner' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** Through the palette, as people do with an id that they were given. */
export async function openRun(page: Page, id: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /run’s id/ }).fill(id);
  await page.keyboard.press('Enter');
  await page.getByText(id, { exact: true }).first().waitFor();
}

/** By name and password, at the sign-in page. */
export async function signIn(page: Page, email: string): Promise<void> {
  await page.getByRole('tab', { name: 'Account' }).click();
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** Through the sidebar, as people do. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name, exact: true })
    .click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}
