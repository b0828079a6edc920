import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { goTo, makeOwner, type Opened, openConsole, openRun } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { serveJson } from '../harness/json-server.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { searchDatabase } from '../harness/search-database.ts';
import { openStage, type Stage } from '../harness/stage.ts';

const missing = missingBrowser();
const CANARY = 'canary-of-the-settings-1d90';

describe.skipIf(missing !== null)('settings, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  let receiver = '';
  const received: { type?: string }[] = [];

  beforeAll(async () => {
    stage = await openStage();
    receiver = await serveJson(stage, (body) => {
      received.push(JSON.parse(body) as { type?: string });
      return { thanks: true };
    });
    opened = await openConsole(stage, cluster(), {
      environment: { WEBHOOK_PRIVATE_HOSTS: new URL(receiver).host, JOB_INTERVAL: '200ms' },
    });
    await makeOwner(opened);
  });
  afterAll(async () => {
    await stage.close();
  });

  test('a webhook is made and tested; what was sent is read, and sent again', async () => {
    const { page } = opened;
    await goTo(page, 'Webhooks');
    await page.getByText(/^Nobody is told anything yet/).waitFor();
    await page.getByRole('button', { name: 'New webhook' }).click();
    const dialog = page.getByRole('dialog', { name: 'New webhook' });
    await dialog.getByLabel('Name').fill('on call');
    await dialog.getByLabel('Address').fill(`${receiver}/hook`);
    await dialog.getByRole('button', { name: 'Make the webhook' }).click();
    const secret = page.getByLabel('The secret of the webhook', { exact: true });
    expect(await secret.textContent()).toMatch(/^whsec_/);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    const row = page.getByRole('row').filter({ hasText: 'alert.test' });
    await row.getByText('delivered').waitFor();
    expect(received.filter(({ type }) => type === 'alert.test')).toHaveLength(1);
    await row.getByRole('button', { name: 'alert.test' }).click();
    const sent = page.getByRole('dialog', { name: 'What was sent' });
    expect(await sent.getByLabel('The message').textContent()).toContain('alert.test');
    await sent.getByText('{"thanks":true}').waitFor();
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Send again' }).click();
    await row.getByText('delivered').waitFor();
    await expect.poll(() => received.filter(({ type }) => type === 'alert.test').length).toBe(2);
    expect(await lookAt(page, 'webhooks')).toEqual(NOTHING_WRONG);
    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText(/^Nobody is told anything yet/).waitFor();
  });

  test('contents are encrypted from then on, keys are renewed, and a project keeps its runs for less', async () => {
    const { page, installation } = opened;
    const submit = async (message: string): Promise<string> => {
      const payload = { agent: { name: 'a', model: 'scripted' }, message };
      const body = { pool: 'nowhere', payload };
      return (await installation.server.askWell('/api/v1/runs', { body })).id as string;
    };
    await submit(`before ${CANARY}`);
    const { adminUrl } = installation.database;
    expect(await searchDatabase(adminUrl, `before ${CANARY}`)).not.toEqual([]);
    await goTo(page, 'Data');
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('button', { name: 'New keys for all' }).waitFor();
    const id = await submit(`after ${CANARY}`);
    expect(await searchDatabase(adminUrl, `after ${CANARY}`)).toEqual([]);
    await page.getByRole('button', { name: 'New keys for all' }).click();
    await page.getByRole('row').filter({ hasText: /retir/ }).first().waitFor();

    const days = page.getByLabel('Days for default');
    await days.fill('0');
    const keep = page.getByRole('button', { name: 'Keep it so' });
    expect(await keep.getAttribute('aria-disabled')).toBe('true');
    await days.fill('7');
    await keep.click();
    await page.getByRole('row').filter({ hasText: '7 days' }).waitFor();
    const { projects } = await installation.server.askWell('/api/v1/fleet/retention');
    expect(projects).toMatchObject([{ project: 'default', days: 7 }]);
    expect(await lookAt(page, 'data')).toEqual(NOTHING_WRONG);
    // Whoever may read it reads it as before.
    await openRun(page, id);
    expect(await page.getByLabel('What the run was given').textContent()).toContain(CANARY);
    expect(opened.complaints).toEqual([]);
  });
});
