import { fileURLToPath } from 'node:url';

import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { goTo, makeOwner, type Opened, openConsole, openRun } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const missing = missingBrowser();
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const WORKFLOWS = {
  adding: pathOf('../harness/adding-workflow.ts'),
  asking: pathOf('../harness/asking-workflow.ts'),
} as const;

describe.skipIf(missing !== null)('several runs, in a browser', () => {
  let stage: Stage;
  let opened: Opened;

  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster(), { environment: { JOB_INTERVAL: '200ms' } });
    const { server } = opened.installation;
    const enrollmentKey = await makeEnrollmentKey(server);
    for (const [pool, file] of Object.entries(WORKFLOWS)) {
      startWorker(stage, {
        url: server.url,
        name: pool,
        enrollmentKey,
        models: [],
        environment: { WORKER_WORKFLOWS: file, WORKER_PROBE: 'off', WORKER_POOL: pool },
      });
    }
    await makeOwner(opened);
  });
  afterAll(async () => {
    await stage.close();
  });

  const submit = async (body: object): Promise<string> => {
    const { id } = await opened.installation.server.askWell('/api/v1/runs', { body });
    return id as string;
  };
  const adding = (input: object): Promise<string> =>
    submit({ pool: 'adding', max_attempts: 1, payload: { workflow: 'adding', input } });

  const askingRun = async (): Promise<string> => {
    const id = await submit({ pool: 'asking', payload: { workflow: 'asking', input: {} } });
    await openRun(opened.page, id);
    await waterfall()
      .getByRole('button', { name: /refund/ })
      .waitFor();
    return id;
  };
  const waterfall = (): Locator => opened.page.getByRole('region', { name: /^Waterfall/ });
  const tell = (id: string, what: string, body: object): Promise<unknown> =>
    opened.installation.server.askWell(`/api/v1/runs/${id}/${what}`, { body });
  const streamOf = (id: string): RegExp => new RegExp(`/runs/${id}/timeline/stream`);

  test('a run is told of while it goes on, and goes on being told after the server was away', async () => {
    const { page, installation } = opened;
    const asked: { url: string; last: string | undefined }[] = [];
    page.on('request', (request) => {
      asked.push({ url: request.url(), last: request.headers()['last-event-id'] });
    });
    const id = await askingRun();
    const streams = (): typeof asked => asked.filter(({ url }) => streamOf(id).test(url));
    await expect.poll(() => streams().length).toBe(1);
    await installation.server.stop();
    await page.getByText('The server is not reached.').waitFor();
    installation.server.start();
    await installation.server.ready();
    await page.getByText('The server is not reached.').waitFor({ state: 'hidden' });
    await tell(id, 'approve', {});
    const amount = waterfall().getByRole('button', { name: /amount/ });
    await amount.waitFor();
    expect(
      await waterfall()
        .getByRole('button', { name: /refund/ })
        .count(),
    ).toBe(1);
    await tell(id, 'signal', { name: 'amount', value: 12 });
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    await waterfall()
      .getByRole('button', { name: /under way$/ })
      .waitFor({ state: 'hidden' });
    // It went on where it was, and asked for nothing that it was told.
    expect(streams().length).toBeGreaterThan(1);
    for (const { last } of streams()) expect(last).toMatch(/^\d+/);
    const looks = asked.map(({ url }) => url).filter((url) => url.includes(`/${id}/timeline?`));
    expect(looks.filter((url) => url.includes('wait_ms'))).toEqual([]);
  });

  test('where streams are kept back, a run is asked for instead', async () => {
    const { page } = opened;
    await page.reload();
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    const polled: string[] = [];
    page.on('request', (request) => {
      if (/\/timeline\?.*wait_ms=/.test(request.url())) polled.push(request.url());
    });
    // As a proxy that waits for the end before it passes anything on.
    await page.route(/\/stream(\?|$)/, () => undefined);
    const id = await askingRun();
    await tell(id, 'approve', {});
    await waterfall()
      .getByRole('button', { name: /amount/ })
      .waitFor();
    await tell(id, 'signal', { name: 'amount', value: 12 });
    await waterfall()
      .getByRole('button', { name: /under way$/ })
      .waitFor({ state: 'hidden' });
    expect(polled.length).toBeGreaterThan(0);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
  });

  test('a run is replayed with another input, and the two are compared', async () => {
    const { page } = opened;
    const id = await adding({ to: 1 });
    await openRun(page, id);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    await page.getByRole('button', { name: 'Replay …' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Input').inputValue()).toBe('{\n  "to": 1\n}');
    await dialog.getByLabel('Input').fill('{ "to": 2 }');
    await dialog.getByLabel('From the step').fill('add');
    await dialog.getByRole('button', { name: 'Replay' }).click();
    await page.waitForURL(
      (url) => /\/runs\/[0-9a-f-]{36}$/.test(url.href) && !url.href.endsWith(id),
    );
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run answered').textContent()).toContain('"sum": 42');
    await page.getByRole('button', { name: 'Compare …' }).click();
    await page.waitForURL(new RegExp(`one=${id}&other=`));
    await page.getByRole('heading', { name: 'Steps: 1 of 2 differ' }).waitFor();
    const step = page.getByRole('row').filter({ hasText: 'add#0' });
    await step.getByText('another result').click();
    const lines = await page.getByLabel('Step add#0, compared').textContent();
    expect(lines).toMatch(/−\s+"sum": 41.*\+\s+"sum": 42/s);
    expect(await page.getByLabel('Their input, compared').textContent()).toMatch(
      /−\s+"to": 1.*\+\s+"to": 2/s,
    );
    expect(await lookAt(page, 'compare')).toEqual(NOTHING_WRONG);
  });

  test('a workflow is run with an input that it takes, and again with that of a run before', async () => {
    const { page } = opened;
    await goTo(page, 'Workflows');
    await page.getByRole('link', { name: 'adding' }).click();
    expect(await page.getByLabel('Schema of its input').textContent()).toContain('integer');
    const input = page.getByRole('textbox', { name: 'Input' });
    expect(await input.inputValue()).toBe('{\n  "to": 0\n}');
    await input.fill('{ "to": "many" }');
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.getByRole('alert').getByText(/to/).first().waitFor();
    await input.fill('{ "to": 30 }');
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run answered').textContent()).toContain('"sum": 70');
    await page.goBack();
    const past = page.getByLabel('Begin with the input of');
    const option = past.locator('option').filter({ hasText: 'completed' }).first();
    await past.selectOption((await option.getAttribute('value')) ?? '');
    await input.filter({ hasText: '"to": 30' }).waitFor();
    expect(await lookAt(page, 'workflow')).toEqual(NOTHING_WRONG);
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run answered').textContent()).toContain('"sum": 70');
  });

  test('what a filter finds is counted, and then cancelled; nothing else is', async () => {
    const { page } = opened;
    const meant = [];
    for (let count = 0; count < 3; count += 1)
      meant.push(await submit({ pool: 'nowhere', payload: {} }));
    const spared = await submit({ pool: 'elsewhere', payload: {} });
    await goTo(page, 'Runs');
    await page.getByRole('button', { name: 'Cancel many …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel many runs' });
    await dialog.getByLabel('Pool').fill('nowhere');
    await dialog.getByRole('button', { name: 'Count them' }).click();
    await dialog.getByText('3 runs would be cancelled.').waitFor();
    const { server } = opened.installation;
    expect((await server.askWell(`/api/v1/runs/${meant[0]}`)).state).toBe('queued');
    await dialog.getByRole('button', { name: 'Cancel them' }).click();
    await dialog.getByText('3 of 3 cancelled.').waitFor();
    await page.keyboard.press('Escape');
    const states = await Promise.all(
      [...meant, spared].map(async (id) => (await server.askWell(`/api/v1/runs/${id}`)).state),
    );
    expect(states).toEqual(['cancelled', 'cancelled', 'cancelled', 'queued']);
  });

  test('dead letters that a filter finds are repeated together', async () => {
    const { page } = opened;
    const dead = [await adding({ to: 1, fail: true }), await adding({ to: 2, fail: true })];
    await goTo(page, 'Dead letters');
    for (const id of dead) await page.getByRole('link', { name: id }).waitFor();
    await page.getByRole('button', { name: 'Repeat many …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Repeat many dead runs' });
    await dialog.getByLabel('Pool').fill('adding');
    await dialog.getByRole('button', { name: 'Count them' }).click();
    await dialog.getByText('2 runs would be repeated.').waitFor();
    await dialog.getByRole('button', { name: 'Repeat them' }).click();
    await dialog.getByText('2 of 2 repeated.').waitFor();
    await page.keyboard.press('Escape');
    for (const id of dead) await page.getByRole('link', { name: id }).waitFor({ state: 'hidden' });
    const { dead_letters } = await opened.installation.server.askWell(
      '/api/v1/fleet/dead-letters?all=true',
    );
    const repeated = (dead_letters as { run_id: string; redriven_by: string | null }[]).filter(
      ({ run_id, redriven_by }) => dead.includes(run_id) && redriven_by !== null,
    );
    expect(repeated).toHaveLength(2);
  });

  test('filters have a name in this browser, until they are forgotten', async () => {
    const { page } = opened;
    await goTo(page, 'Runs');
    const save = page.getByRole('button', { name: 'Save this view …' });
    expect(await save.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('State').selectOption('failed');
    await save.click();
    await page.getByRole('dialog').getByLabel('Name').fill('what broke');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: 'Clear the filter' }).click();
    await page.reload();
    await page.getByLabel('Saved views').selectOption('what broke');
    await page.waitForURL(/\/runs\?state=failed$/);
    expect(await page.evaluate('JSON.stringify({ ...localStorage })')).toBe(
      JSON.stringify({
        'sagewai-views': JSON.stringify([
          { name: 'what broke', path: '/runs', search: { state: 'failed' } },
        ]),
      }),
    );
    await page.getByRole('button', { name: 'Forget “what broke”' }).click();
    await page.getByLabel('Saved views').waitFor({ state: 'hidden' });
    expect(opened.complaints).toEqual([]);
  });
});
