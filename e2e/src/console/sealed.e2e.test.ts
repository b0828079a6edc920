import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { makeOwner, type Opened, openConsole, openRun } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { repeatingProvider } from '../harness/repeating-provider.ts';
import { runSagewai } from '../harness/sagewai.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const missing = missingBrowser();
/** Repeated by the provider, in its answers and in its refusals. */
const CANARY = 'canary-of-the-console-77c1';

describe.skipIf(missing !== null)('a sealed run, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  /** Of everything that the page has sent. */
  const sent: string[] = [];
  const path = (name: string): string => join(stage.folder, name);

  beforeAll(async () => {
    stage = await openStage();
    opened = await openConsole(stage, cluster());
    const { page, installation } = opened;
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
    const { server } = installation;
    const worker = startWorker(stage, {
      url: server.url,
      name: 'vault',
      enrollmentKey: await makeEnrollmentKey(server),
      models: ['gpt-4o'],
      environment: { OPENAI_API_KEY: 'sk-own', OPENAI_BASE_URL: await repeatingProvider(stage) },
    });
    await worker.says(/session \d+/);
    await makeOwner(opened);
  });
  afterAll(async () => {
    await stage.close();
  });

  /** By the command line, whose key file the person then has. */
  const submit = async (message: string): Promise<string> => {
    const { server } = opened.installation;
    const words = ['runs', 'submit', '--model', 'gpt-4o', '--seal', '--wait', '--json'];
    const { stdout, text } = await runSagewai(stage, [...words, '--message', message], {
      SAGEWAI_URL: server.url,
      SAGEWAI_TOKEN: server.administrator,
      SAGEWAI_HOME: path('home'),
    });
    if (stdout === '') throw new Error(text);
    return (JSON.parse(stdout) as { id: string }).id;
  };
  const strangersKey = async (): Promise<string> => {
    const folder = path('harbour-home/workers');
    return join(folder, (await readdir(folder)).find((name) => name.endsWith('.seal.pem')) ?? '');
  };

  test('is shown as sealed, opens with its key alone, and what opened it stays in the tab', async () => {
    const { page } = opened;
    const id = await submit(`tell ${CANARY}`);
    await openRun(page, id);
    await page.getByRole('heading', { name: /^Sealed:/ }).waitFor();
    const main = page.getByRole('main');
    expect(await main.getByText('Sealed.', { exact: true }).count()).toBe(2);
    expect(await main.textContent()).not.toContain(CANARY);

    const keyFile = page.getByLabel('Your key file');
    await keyFile.setInputFiles({
      name: 'notes.pem',
      mimeType: 'text/plain',
      buffer: Buffer.from('no'),
    });
    await page.getByText('notes.pem holds no X25519 private key in PEM.').waitFor();
    await keyFile.setInputFiles(await strangersKey());
    await page.getByText(/^The key does not open it\. It is not sealed for the key/).waitFor();
    await page.getByRole('button', { name: 'Forget the key' }).click();

    await keyFile.setInputFiles(path('home/seal-key.pem'));
    await page.getByText('Opened in this browser.').waitFor();
    expect(await page.getByLabel('What the run was given').textContent()).toContain(CANARY);
    expect(await page.getByLabel('What the run answered').textContent()).toContain(
      `You said: tell ${CANARY}`,
    );

    // The next run of the same person opens without asking again.
    const failed = await submit(`refuse ${CANARY}`);
    await openRun(page, failed);
    await page.getByText(`No: refuse ${CANARY}`).first().waitFor();
    await page.getByRole('button', { name: /^Attempt 1, vault, / }).click();
    await page.getByRole('definition').getByText(`No: refuse ${CANARY}`).waitFor();

    await page.getByRole('button', { name: 'Replay …' }).click();
    await page.getByText(/^Its input is sealed, and goes again as it is/).waitFor();
    await page.keyboard.press('Escape');

    await page.reload();
    await keyFile.waitFor();
    expect(await main.textContent()).not.toContain(CANARY);
    const line = (await readFile(path('home/seal-key.pem'), 'utf8')).split('\n')[1] ?? '';
    expect(line.length).toBeGreaterThan(40);
    expect(sent.filter((text) => text.includes(line) || text.includes(CANARY))).toEqual([]);
    expect(
      await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'),
    ).toBe('[{},{}]');
    expect(opened.complaints).toEqual([]);
  });
});
