import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CONSOLE_DIR } from '@sagewai/console/build';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { ask } from '../harness/api.ts';
import { missingBrowser } from '../harness/browser.ts';
import {
  goTo,
  makeOwner,
  type Opened,
  openConsole,
  openRun,
  OWNER,
  PASSWORD,
  signIn,
} from '../harness/console.ts';
import { query } from '../harness/database.ts';
import { cluster } from '../harness/e2e-test.ts';
import { freePort } from '../harness/free-port.ts';
import { chat } from '../harness/installation.ts';
import { keepPicture, lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { startSagewai } from '../harness/sagewai.ts';
import { createServer } from '../harness/server.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startWorker } from '../harness/worker.ts';

const missing = missingBrowser();
if (missing !== null) console.warn(`The console is not looked at: ${missing}`);

/** Pages of the sidebar; those that are not here are looked at where something is done there. */
const PAGES = [
  'Overview',
  'Get started',
  'Runs',
  'Approvals',
  'Workflows',
  'Tools',
  'Workers',
  'Enrollment keys',
  'Queues',
  'Schedules',
  'Dead letters',
  'Keys',
  'Budgets',
  'Spend',
  'Audit log',
  'Models',
  'Requests',
  'Analytics',
  'Playground',
  'People',
  'Access tokens',
  'Single sign-on',
  'Webhooks',
  'Data',
  'Your account',
];

/** Everything that the first page loads, compressed. */
const FIRST_PAGE_BYTES_MAX = 250 * 1024;
const TRUST_MS = 1_100;

async function compressedSize(path: string): Promise<number> {
  const file = join(CONSOLE_DIR, path);
  const { size } = await stat(`${file}.gz`).catch(() => stat(file));
  return size;
}

/** Of each chart, how many pixels are drawn on. */
async function inkOfCharts(page: Page): Promise<readonly number[]> {
  const ink: unknown = await page.evaluate(
    `[...document.querySelectorAll('canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0; for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count += 1; return count; })`,
  );
  return ink as readonly number[];
}

describe.skipIf(missing !== null)('the console, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster());
  });
  // What a test that failed has left open would be in the way of all that follow.
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await opened.page.goto(`${opened.installation.server.url}/`);
  });
  afterAll(async () => {
    await stage.close();
  });

  const submit = async (body: object): Promise<string> => {
    const { server } = opened.installation;
    const payload = { agent: { name: 'greeter', model: 'scripted' }, message: 'Hello' };
    const { id } = await server.askWell('/api/v1/runs', {
      body: { model: 'scripted', payload, ...body },
    });
    return id as string;
  };

  test('the first owner is made with the setup token, and is signed in', async () => {
    const { page } = opened;
    const asked: string[] = [];
    page.on('response', (response) => asked.push(new URL(response.url()).pathname));
    await makeOwner(opened);
    expect(new URL(page.url()).pathname).toBe('/console/');
    const assets = [...new Set(asked)].filter((path) => path.startsWith('/console/assets/'));
    expect(assets.length).toBeGreaterThan(2);
    const sizes = await Promise.all(assets.map(compressedSize));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_PAGE_BYTES_MAX);
  });

  test('a session outlives a reload, ends with signing out, and is had again with the password', async () => {
    const { page } = opened;
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    // Nothing of a credential is where a script could read it.
    expect(
      await page.evaluate(
        'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
      ),
    ).toBe(JSON.stringify(['', {}, {}]));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Sagewai' }).waitFor();
    await signIn(page, OWNER);
  });

  test('a run is watched while it goes on: its waterfall, its log, what it answered', async () => {
    const { page } = opened;
    const id = await submit({});
    await openRun(page, id);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    const attempt = page.getByRole('button', { name: /^Attempt 1, harbour, / });
    const modelCall = page.getByRole('button', { name: /^scripted, .* tokens/ });
    await attempt.waitFor();
    await modelCall.waitFor();
    const drawn = await Promise.all(
      [attempt, modelCall].map((bar) => bar.locator('rect').boundingBox()),
    );
    for (const box of drawn) expect(box?.width).toBeGreaterThan(1);
    const axis = page.getByRole('img', { name: /in all$/ });
    expect(await axis.locator('text').allTextContents()).toContain('0');
    expect(await page.getByRole('log').textContent()).toContain('scripted');
    await modelCall.click();
    await page.getByText('Deployment').waitFor();
    await keepPicture(page, 'run-light');
  });

  test('a run that waits says why', async () => {
    const { page } = opened;
    const id = await submit({ pool: 'nowhere' });
    await openRun(page, id);
    await page.getByRole('heading', { name: 'Why is it not running?' }).waitFor();
    await page.getByText(/^No approved worker is in pool nowhere/).waitFor();
    const nearest = page.getByRole('region', { name: 'The workers that come nearest' });
    expect(await nearest.textContent()).toContain('harbour');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('heading', { level: 1 }).getByText('cancelled').waitFor();
  });

  test('filters stand in the address', async () => {
    const { page } = opened;
    await goTo(page, 'Runs');
    await page.getByLabel('State').selectOption('cancelled');
    await page.waitForURL(/state=cancelled/);
    await page.reload();
    await page.getByRole('row').filter({ hasText: 'cancelled' }).first().waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'completed' }).count()).toBe(0);
  });

  test('an enrollment key is made, a worker asks with it, and works once it is approved', async () => {
    const { page, installation } = opened;
    await goTo(page, 'Enrollment keys');
    await page.getByRole('button', { name: 'New enrollment key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('machines of the lab');
    await dialog.getByLabel('Workers that it enrolls').selectOption('after approval');
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    const enrollmentKey = await dialog
      .getByLabel('The enrollment key', { exact: true })
      .textContent();
    expect(enrollmentKey).toMatch(/^sk-fleet-/);
    expect(await dialog.getByRole('tabpanel').textContent()).toContain(enrollmentKey);
    await dialog.getByRole('button', { name: 'Done' }).click();
    const { url } = installation.server;
    startWorker(stage, {
      url,
      name: 'quay',
      enrollmentKey: enrollmentKey ?? '',
      models: ['scripted'],
    });
    await goTo(page, 'Workers');
    const row = page.getByRole('row').filter({ hasText: 'quay' });
    await row.getByText('pending').waitFor();
    await row.getByRole('button', { name: 'Approve' }).click();
    await row.getByText('approved').waitFor();
    expect(await row.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  });

  test('a key is made, used until its budget is spent, and that is seen', async () => {
    const { page, installation } = opened;
    await goTo(page, 'Keys');
    await page.getByRole('button', { name: 'New key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('web team');
    await dialog.getByLabel('US dollars in all').fill('0.08');
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    const key = (await dialog.getByLabel('The virtual key', { exact: true }).textContent()) ?? '';
    await dialog.getByRole('button', { name: 'Done' }).click();
    const call = { model: 'scripted', max_tokens: 10, content: 'Say something.' };
    let last = 200;
    for (let count = 0; last === 200 && count < 2_000; count += 1) {
      last = (await chat(installation.server.url, key, call)).status;
    }
    expect(last).toBe(429);
    const row = page.getByRole('row').filter({ hasText: 'web team' });
    let shown = '';
    await waitUntil(
      async () => {
        shown = (await row.textContent()) ?? '';
        return Number(await row.getByRole('meter').getAttribute('aria-valuenow')) >= 80;
      },
      { otherwise: () => `the key does not look spent: ${shown}` },
    );
    await goTo(page, 'Overview');
    await page.getByRole('link', { name: /of what the key may use in all$/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Budgets' }).waitFor();
    await goTo(page, 'Spend');
    await page.getByRole('row').filter({ hasText: 'scripted' }).waitFor();
    expect(Math.min(...(await inkOfCharts(page)))).toBeGreaterThan(1_000);
  });

  test('analytics tell latency, errors, tokens and cost apart, by whatever is asked for', async () => {
    const { page } = opened;
    await goTo(page, 'Analytics');
    const row = page.getByRole('row').filter({ hasText: 'scripted' });
    await row.waitFor();
    // Of a day, the calls of a test are one bucket: axes with labels and grid, and its points.
    const ink = await inkOfCharts(page);
    expect(ink).toHaveLength(4);
    expect(Math.min(...ink)).toBeGreaterThan(1_000);
    await page.getByLabel('By', { exact: true }).selectOption('worker');
    await page.waitForURL(/by=worker/);
    await page.getByRole('row').filter({ hasText: 'harbour' }).waitFor();
    await page.getByRole('row').filter({ hasText: 'by no run' }).waitFor();
    await keepPicture(page, 'analytics-light');
  });

  test('a schedule is made, and run now, which leads to its run', async () => {
    const { page } = opened;
    await goTo(page, 'Schedules');
    await page.getByRole('button', { name: 'New schedule' }).click();
    const dialog = page.getByRole('dialog', { name: 'New schedule' });
    await dialog.getByLabel('Name').fill('digest');
    await dialog.getByLabel('When').fill('0 7 * * SOMEDAY');
    await dialog.getByLabel('Time zone').fill('Europe/Berlin');
    await dialog.getByLabel('Message').fill('Good morning');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('When').fill('0 7 * * MON-FRI');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    const row = page.getByRole('row').filter({ hasText: 'digest' });
    await row.getByRole('button', { name: 'Run now' }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await page.getByRole('heading', { level: 1 }).getByText('completed').waitFor();
    expect(await page.getByLabel('What the run was given').textContent()).toContain('Good morning');
  });

  test('a model is called by hand, and its answer is seen to come', async () => {
    const { page } = opened;
    await goTo(page, 'Playground');
    await page.getByRole('button', { name: 'Make one for an hour' }).click();
    const key = page.getByLabel('Virtual key');
    await waitUntil(async () => (await key.inputValue()).startsWith('sk-'), {
      otherwise: 'there is no key',
    });
    await page.getByLabel('Message').fill('Say yes.');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText(/in all$/).waitFor();
    expect(await page.getByRole('main').textContent()).toMatch(/first word after .* tokens/);
  });

  test('a sensitive change asks for the password again, and then is made', async () => {
    const { page, installation } = opened;
    await query(
      installation.database.adminUrl,
      `update login_session set authenticated_at = authenticated_at - interval '1 hour'`,
    );
    // What the server has read of the session it trusts for a second.
    await new Promise((resolve) => setTimeout(resolve, TRUST_MS));
    await goTo(page, 'Access tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('continuous integration');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const proof = page.getByRole('dialog', { name: 'Is it still you?' });
    await proof.getByLabel('Password').fill(PASSWORD);
    await proof.getByRole('button', { name: 'Go on' }).click();
    const token = await page.getByLabel('The access token', { exact: true }).textContent();
    const answer = await ask(`${installation.server.url}/api/v1/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.json).toMatchObject({ kind: 'token', scopes: ['read'] });
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  });

  test('the audit log is verified in the browser', async () => {
    const { page } = opened;
    await goTo(page, 'Audit log');
    await page.getByRole('button', { name: 'Verify it here' }).click();
    const verdict = page.getByText(/^Whole: .* entries/);
    await verdict.waitFor();
    expect(await verdict.isVisible()).toBe(true);
  });

  test('an export is a file, for a session and for a token', async () => {
    const { page, browser, installation } = opened;
    const exported = async (from: Page): Promise<string> => {
      const [file] = await Promise.all([
        from.waitForEvent('download'),
        from.getByRole('button', { name: 'Export', exact: true }).click(),
      ]);
      expect(file.suggestedFilename()).toBe('audit.jsonl');
      return readFile(await file.path(), 'utf8');
    };
    expect(await exported(page)).toContain('"action":');
    const context = await browser.newContext({ locale: 'en-GB' });
    const other = await context.newPage();
    await other.goto(`${installation.server.url}/`);
    await other.getByRole('tab', { name: 'Token' }).click();
    await other.getByLabel('Access token').fill(installation.server.administrator);
    await other.getByRole('button', { name: 'Continue' }).click();
    await other.getByRole('heading', { name: 'Overview' }).waitFor();
    await goTo(other, 'Audit log');
    expect(await exported(other)).toContain('"action":');
    await context.close();
  });

  test('a lost connection is told, and found again without a reload', async () => {
    const { page, installation } = opened;
    await goTo(page, 'Overview');
    await installation.server.stop();
    await page.getByText('The server is not reached.').waitFor();
    installation.server.start();
    await installation.server.ready();
    await page.getByText('The server is not reached.').waitFor({ state: 'hidden' });
    const id = await submit({});
    const link = page.getByRole('link', { name: id });
    await link.waitFor();
    expect(await link.isVisible()).toBe(true);
  });

  test('a viewer sees everything that they may, and is told why they may change nothing', async () => {
    const { browser, installation } = opened;
    const { server } = installation;
    const email = 'eva@example.com';
    const invited = await server.askWell('/api/v1/invitations', {
      body: { email, role: 'viewer' },
      headers: await ofOrganization(),
    });
    await ask(`${server.url}/api/v1/invitations/accept`, {
      body: { token: invited.token, name: 'Eva Lind', password: PASSWORD },
    });
    const id = await submit({ pool: 'nowhere' });
    const page = await (
      await browser.newContext({ viewport: { width: 1280, height: 820 } })
    ).newPage();
    await page.goto(`${server.url}/console/runs/${id}`);
    await page.getByRole('tab', { name: 'Account' }).waitFor();
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    await cancel.waitFor();
    expect(await cancel.getAttribute('aria-disabled')).toBe('true');
    await cancel.hover();
    await page.getByText('You lack the permission run:cancel').first().waitFor();
    await cancel.click({ force: true });
    const refused = await page.evaluate(
      `fetch('/api/v1/runs/${id}/cancel', { method: 'POST', headers: { 'x-sagewai-csrf': '1' } }).then(({ status }) => status)`,
    );
    expect(refused).toBe(403);
    const run = await server.askWell(`/api/v1/runs/${id}`, { headers: await ofOrganization() });
    expect(run).toMatchObject({ state: 'queued', cancel_requested: false });
    await page.context().close();
  });

  test('below a prefix that an edge takes off, every address and every change works', async () => {
    const { browser, installation } = opened;
    const port = await freePort();
    const { database, secrets } = installation;
    const behind = await createServer(stage, {
      databaseUrl: database.url,
      secrets,
      environment: { PUBLIC_URL: `http://127.0.0.1:${port}/llm`, CONSOLE_DIR },
    });
    await behind.ready();
    const edge = startSagewai(stage, ['edge'], {
      environment: {
        SAGE_EDGE_PORT: String(port),
        SAGE_EDGE_LLM_PREFIX: '/llm',
        SAGE_EDGE_UPSTREAM: behind.url,
      },
    });
    const url = `http://127.0.0.1:${port}/llm`;
    await waitUntil(async () => (await ask(`${url}/readyz`).catch(() => null))?.status === 200, {
      otherwise: () => `the edge is not ready: ${edge.text()}`,
    });
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(45_000);
    await page.goto(`${url}/`);
    await signIn(page, OWNER);
    await goTo(page, 'Queues');
    expect(new URL(page.url()).pathname).toBe('/llm/console/fleet/queues');
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: 'nowhere' });
    await row.getByRole('button', { name: 'Pause' }).click();
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByRole('button', { name: 'Pause' }).waitFor();
    await page.context().close();
  });

  test.each(PAGES)('%s: nothing serious keeps anybody out, in light and in dark', async (name) => {
    const { page } = opened;
    await goTo(page, name);
    expect(await lookAt(page, name.toLowerCase().replaceAll(' ', '-'))).toEqual(NOTHING_WRONG);
  });

  test('the browser has nothing to complain of: no script or style stands in a page', () => {
    expect(opened.complaints).toEqual([]);
  });

  /** The administrator of the platform says of which organization they speak. */
  async function ofOrganization(): Promise<Record<string, string>> {
    const listed = await waitUntil(
      () => opened.installation.server.askWell('/api/v1/organizations'),
      {
        otherwise: 'no organization',
      },
    );
    return { 'x-organization': listed.organizations[0].id as string };
  }
});
