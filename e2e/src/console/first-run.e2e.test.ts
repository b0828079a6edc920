import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { makeOwner, type Opened, openConsole } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';

const missing = missingBrowser();

describe.skipIf(missing !== null)('a new installation, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster(), { hasWorker: false });
  });
  afterAll(async () => {
    await stage.close();
  });

  test('is set up from the setup token to a first run that has completed, without a command but the worker’s', async () => {
    const { page, installation } = opened;
    await makeOwner(opened);
    await page.getByRole('link', { name: 'get started', exact: true }).click();
    const step = (name: string) => page.locator('section').filter({ hasText: name });
    await step('1. A model').getByText('done').waitFor();
    const worker = step('2. A worker');
    await worker.getByText('to do').waitFor();

    // Nobody is there to have it yet: the page says so, and goes on by itself.
    const run = step('3. A first run');
    await run.getByRole('button', { name: 'Submit it' }).click();
    await run.getByRole('heading', { name: 'Why is it not running?' }).waitFor();
    expect(await lookAt(page, 'get-started')).toEqual(NOTHING_WRONG);

    await worker.getByRole('button', { name: 'New enrollment key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('first machine');
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    const command = (await dialog.getByRole('tabpanel').textContent()) ?? '';
    await dialog.getByRole('button', { name: 'Done' }).click();
    // What is pasted names the server and the key.
    const [, url = '', enrollmentKey = ''] =
      /FLEET_GATEWAY_URL=(\S+) [\s\\]*ENROLLMENT_KEY=(sk-fleet-[\w-]+)/.exec(command) ?? [];
    expect(url).toBe(installation.server.url);
    startWorker(stage, { url, name: 'first', enrollmentKey, models: ['scripted'] });
    await worker.getByText('One works').waitFor();
    await run.getByText('completed').waitFor();
    await run.getByText('done', { exact: true }).waitFor();
    await run.getByRole('link', { name: 'See what it did' }).click();
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(opened.complaints).toEqual([]);
  });
});
