import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { goTo, makeOwner, type Opened, openConsole, openRun } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { serveJson } from '../harness/json-server.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const missing = missingBrowser();
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const CLEAN_UP = pathOf('../../../examples/approved-tool/src/clean-up.ts');
const ASKING = pathOf('../harness/asking-workflow.ts');

describe.skipIf(missing !== null)('tools and approvals, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  let database = '';
  let model = '';
  const dropped: string[] = [];

  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster(), {
      environment: {
        TOOL_PRIVATE_HOSTS: '127.0.0.1',
        JOB_INTERVAL: '200ms',
      },
    });
    database = await serveJson(stage, (body) => {
      dropped.push(body);
      return { dropped: true };
    });
    // A model that asks for the tool once, and says what it was told.
    model = await serveJson(stage, (body) => {
      const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
      const told = messages.find(({ role }) => role === 'tool');
      const call = { name: 'drop_table', arguments: '{"table":"orders_2019","cascade":true}' };
      const message =
        told === undefined
          ? { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: call }] }
          : { role: 'assistant', content: `It says ${told.content}` };
      return { choices: [{ message, finish_reason: 'stop' }], usage: {} };
    });
    const { server } = opened.installation;
    const enrollmentKey = await makeEnrollmentKey(server);
    for (const [name, workflows] of [
      ['janitor', CLEAN_UP],
      ['asker', ASKING],
    ] as const) {
      startWorker(stage, {
        url: server.url,
        name,
        enrollmentKey,
        models: [],
        environment: { WORKER_WORKFLOWS: workflows, WORKER_PROBE: 'off', WORKER_POOL: name },
      });
    }
    await server.askWell('/api/v1/tools', {
      body: {
        name: 'drop_table',
        description: 'Drop a table of the data warehouse',
        kind: 'http',
        mode: 'destructive',
        http: { method: 'POST', url: `${database}/drop`, query: ['cascade'] },
        input_schema: {
          type: 'object',
          required: ['table'],
          properties: { table: { type: 'string' }, cascade: { type: 'boolean' } },
        },
      },
    });
    await makeOwner(opened);
  });
  afterAll(async () => {
    await stage.close();
  });

  const submit = async (pool: string, workflow: string, input: object): Promise<string> => {
    const body = { pool, payload: { workflow, input } };
    const { id } = await opened.installation.server.askWell('/api/v1/runs', { body });
    return id as string;
  };
  const cleanUp = (): Promise<string> =>
    submit('janitor', 'clean-up', {
      wish: 'Drop the table of 2019.',
      model: 'm',
      apiBase: `${model}/v1`,
    });

  test('a tool is found with what it takes, where it goes, and who decides about its calls', async () => {
    const { page } = opened;
    await goTo(page, 'Approvals');
    await page.getByText(/^Nothing waits for a person/).waitFor();
    // That the newest runs ask for nothing says nothing of older ones.
    await page.route(/\/api\/v1\/runs\?/, async (route) => {
      const response = await route.fetch();
      const runs = (await response.json()) as object;
      await route.fulfill({ response, json: { ...runs, next_cursor: 'older' } });
    });
    await page.reload();
    await page.getByText(/^More wait than are shown here/).waitFor();
    expect(await page.getByText(/^Nothing waits for a person/).count()).toBe(0);
    await page.unrouteAll();
    await goTo(page, 'Tools');
    const row = page.getByRole('region', { name: 'Tools' }).getByRole('row').nth(1);
    expect(await row.textContent()).toMatch(/drop_table.*destructive.*a person, each time/);
    await row.getByRole('link', { name: 'drop_table' }).click();
    await page.getByRole('heading', { level: 1, name: /drop_table/ }).waitFor();
    expect(await page.getByLabel('Schema of its arguments').textContent()).toContain('cascade');
    expect(await page.getByLabel('Its target').textContent()).toContain(`${database}/drop`);
    const free = page.getByRole('button', { name: 'Let it be called freely' });
    expect(await free.getAttribute('aria-disabled')).toBe('true');
    expect(await lookAt(page, 'tool')).toEqual(NOTHING_WRONG);
  });

  test('a destructive call is seen with what it will do, and is made once it is approved', async () => {
    const { page } = opened;
    const id = await cleanUp();
    await goTo(page, 'Overview');
    await page.getByRole('link', { name: `a call of drop_table for run:${id}` }).click();
    await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
    const card = page.locator('section').filter({ hasText: 'Call of drop_table' });
    const effect = card.getByRole('definition');
    await effect.getByText(`POST ${database}/drop?cascade=true`).waitFor();
    await effect.getByText('{"table":"orders_2019"}').waitFor();
    await card.getByText(/which your browser has computed/).waitFor();
    expect(await card.getByLabel('Arguments of drop_table').textContent()).toContain('orders_2019');
    expect(dropped).toEqual([]);
    expect(await lookAt(page, 'approval')).toEqual(NOTHING_WRONG);
    await card.getByRole('button', { name: 'Approve' }).click();
    await card.waitFor({ state: 'hidden' });
    await openRun(page, id);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run answered').textContent()).toContain(
      '{"dropped":true}',
    );
    expect(dropped).toEqual(['{"table":"orders_2019"}']);
  });

  test('a call that is denied with a reason is not made, and stays to be read', async () => {
    const { page } = opened;
    const before = dropped.length;
    const id = await cleanUp();
    const card = page.locator('section').filter({ hasText: 'Call of drop_table' });
    // Arguments that are not those of the digest are not approved, whoever shows them.
    await page.route(/\/api\/v1\/tool-calls\/[0-9a-f-]{36}$/, async (route) => {
      const response = await route.fetch();
      const call = (await response.json()) as object;
      await route.fulfill({ response, json: { ...call, arguments: { table: 'harmless' } } });
    });
    await goTo(page, 'Approvals');
    await card.getByText(/do not approve this call/).waitFor();
    const approve = card.getByRole('button', { name: 'Approve' });
    expect(await approve.getAttribute('aria-disabled')).toBe('true');
    await page.unrouteAll();
    await page.reload();
    await card.getByText(/which your browser has computed/).waitFor();
    await card.getByLabel('Reason').fill('not on a Friday');
    await card.getByRole('button', { name: 'Deny' }).click();
    await card.waitFor({ state: 'hidden' });
    await openRun(page, id);
    await page
      .getByRole('heading', { level: 1 })
      .getByText(/completed|failed/)
      .waitFor();
    await goTo(page, 'Tools');
    await page.getByLabel('State').selectOption('denied');
    await page.waitForURL(/state=denied/);
    await page.getByRole('link', { name: 'drop_table' }).nth(1).click();
    await page.getByText('not on a Friday').waitFor();
    expect(await lookAt(page, 'tool-call')).toEqual(NOTHING_WRONG);
    expect(dropped).toHaveLength(before);
  });

  test('a run asks a person whether it may, and how much: both are answered in one place', async () => {
    const { page } = opened;
    const id = await submit('asker', 'asking', {});
    await goTo(page, 'Approvals');
    const asked = page.locator('section').filter({ hasText: 'Waits for approval: refund' });
    await asked.getByText('Refund the order 17?').waitFor();
    await asked.getByRole('button', { name: 'Approve' }).click();
    const amount = page.locator('section').filter({ hasText: 'Waits for signal: amount' });
    await amount.getByLabel('Answer').fill('{"euros": 12');
    await amount.getByRole('button', { name: 'Send' }).click();
    await amount.getByText(/^This is not JSON/).waitFor();
    await amount.getByLabel('Answer').fill('{"euros": 12}');
    await amount.getByRole('button', { name: 'Send' }).click();
    await amount.waitFor({ state: 'hidden' });
    await openRun(page, id);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run answered').textContent()).toContain('"euros": 12');
    expect(opened.complaints).toEqual([]);
  });
});
