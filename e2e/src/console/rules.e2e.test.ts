import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { goTo, makeOwner, type Opened, openConsole } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { chat, makeKey } from '../harness/installation.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { openStage, type Stage } from '../harness/stage.ts';

const missing = missingBrowser();

describe.skipIf(missing !== null)('rules and their effect, in a browser', () => {
  let stage: Stage;
  let opened: Opened;

  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster(), { environment: { JOB_INTERVAL: '200ms' } });
    await makeOwner(opened);
  });
  // What a test that failed has left open would be in the way of all that follow.
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await opened.page.goto(`${opened.installation.server.url}/`);
  });
  afterAll(async () => {
    await stage.close();
  });

  test('a guardrail is made, tried on a text, and refuses calls until it is gone', async () => {
    const { page, installation } = opened;
    const { key } = await makeKey(installation.server);
    const call = async (): Promise<number> => {
      const { url } = installation.server;
      const content = 'What is TICKET=ACME-1234 about?';
      return (await chat(url, key, { model: 'scripted', content })).status;
    };
    expect(await call()).toBe(200);
    await goTo(page, 'Guardrails');
    await page.getByText(/^Models are given whatever is sent/).waitFor();
    await page.getByRole('button', { name: 'New guardrail' }).click();
    const dialog = page.getByRole('dialog', { name: 'New guardrail' });
    await dialog.getByLabel('Name', { exact: true }).fill('tickets');
    await dialog.getByRole('combobox', { name: /^It looks for/ }).selectOption('regex');
    await dialog.getByRole('textbox', { name: /^Pattern/ }).fill('TICKET=(?=ACME)');
    await dialog.getByRole('button', { name: 'Make the guardrail' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('textbox', { name: /^Pattern/ }).fill('TICKET=ACME-[0-9]{4}');
    await dialog.getByRole('button', { name: 'Make the guardrail' }).click();
    const row = page.getByRole('row').filter({ hasText: 'tickets' });
    await row.getByText('block').waitFor();
    // Until it is gone the focus is kept in it, and with the focus what is typed.
    await dialog.waitFor({ state: 'hidden' });

    await page.getByLabel('Text', { exact: true }).fill('See TICKET=ACME-1234, please.');
    await page.getByRole('button', { name: 'See what it finds' }).click();
    await page.getByText('the call is refused').last().waitFor();
    expect(await page.locator('mark').textContent()).toContain('TICKET=ACME-1234');
    expect(await lookAt(page, 'guardrails')).toEqual(NOTHING_WRONG);
    await expect.poll(call).toBe(400);

    await row.getByRole('button', { name: 'Only where named' }).click();
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'hidden' });
    await expect.poll(call).toBe(200);
  });

  test('past calls are routed again, by the rules of now', async () => {
    const { page } = opened;
    await goTo(page, 'Routing');
    const now = page.getByRole('region', { name: 'Deployments that could have the call' });
    await now.getByRole('row').filter({ hasText: 'would have it' }).waitFor();
    const past = page.getByRole('region', { name: 'Past calls, routed again' });
    const row = past.getByRole('row').filter({ hasText: 'scripted' });
    await row.getByText('the same').waitFor();
    expect(await row.getByRole('cell').nth(1).textContent()).toMatch(/^[1-9]/);
    expect(await lookAt(page, 'routing')).toEqual(NOTHING_WRONG);
  });

  test('a worker that does what it should not stands there, until somebody has looked at it', async () => {
    const { page } = opened;
    await goTo(page, 'Anomalies');
    await page.getByText(/^No worker stands out/).waitFor();
    await page.getByRole('button', { name: 'Change …' }).click();
    const dialog = page.getByRole('dialog', { name: 'What counts as an anomaly' });
    await dialog.getByLabel('Polls that get nothing, a minute').fill('1');
    await dialog.getByLabel(/^Kinds that revoke/).fill('0');
    await dialog.getByRole('button', { name: 'Let it count so' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const row = page.getByRole('row').filter({ hasText: 'harbour' });
    await row.getByText('asks for more work than it takes').waitFor();
    expect(await lookAt(page, 'anomalies')).toEqual(NOTHING_WRONG);
    await row.getByRole('button', { name: 'Clear, and count anew' }).click();
    await row.waitFor({ state: 'hidden' });
    await page.getByLabel('Which', { exact: true }).selectOption('all');
    await row.first().waitFor();
  });

  test('a rule about spend is made and deleted; a test by e-mail says why it cannot be sent', async () => {
    const { page } = opened;
    await goTo(page, 'Alerts');
    await page.getByText(/^Nobody is told of spend/).waitFor();
    await page.getByRole('button', { name: 'New alert rule' }).click();
    const dialog = page.getByRole('dialog', { name: 'New alert rule' });
    await dialog.getByLabel('Name', { exact: true }).fill('everything');
    await dialog.getByRole('combobox', { name: /^In a/ }).selectOption('month');
    await dialog.getByLabel('US dollars that are all', { exact: true }).fill('2000');
    await dialog.getByLabel('Told at, in percent', { exact: true }).fill('75, 100');
    await dialog.getByRole('button', { name: 'Make the rule' }).click();
    const row = page.getByRole('row').filter({ hasText: 'everything' });
    await row.getByText('75 %, 100 %, or foreseen').waitFor();
    const { rules } = await opened.installation.server.askWell('/api/v1/alert-rules');
    expect(rules).toMatchObject([
      { name: 'everything', period: 'month', thresholds: [75, 100], on_forecast: true },
    ]);
    await page.getByRole('button', { name: 'Test e-mail …' }).click();
    const sending = page.getByRole('dialog', { name: 'Send a test by e-mail' });
    await sending.getByLabel('To', { exact: true }).fill('anna@example.com');
    await sending.getByRole('button', { name: 'Send it' }).click();
    await sending.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    expect(await lookAt(page, 'alerts')).toEqual(NOTHING_WRONG);
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByText(/^Nobody is told of spend/).waitFor();
  });

  test('what the server depends on is told with its version', async () => {
    const { page } = opened;
    await goTo(page, 'Health');
    const row = page.getByRole('row').filter({ hasText: /postgres/i });
    await row.getByText('up', { exact: true }).waitFor();
    expect(await row.textContent()).toMatch(/\d+\.\d/);
    await page.getByRole('meter', { name: 'Memory for kept answers' }).waitFor();
    expect(await lookAt(page, 'health')).toEqual(NOTHING_WRONG);
    expect(opened.complaints).toEqual([]);
  });
});
