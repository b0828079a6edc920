import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingBrowser } from '../harness/browser.ts';
import { goTo, makeOwner, type Opened, openConsole } from '../harness/console.ts';
import { cluster } from '../harness/e2e-test.ts';
import { type IdentityProvider, startIdentityProvider } from '../harness/identity-provider.ts';
import { lookAt, NOTHING_WRONG } from '../harness/look-at.ts';
import { openStage, type Stage } from '../harness/stage.ts';

const missing = missingBrowser();
const SECRET = 'secret-of-the-client-at-the-provider';

describe.skipIf(missing !== null)('single sign-on, in a browser', () => {
  let stage: Stage;
  let opened: Opened;
  let provider: IdentityProvider;

  beforeAll(async () => {
    stage = await openStage();
    provider = await startIdentityProvider(stage);
    opened = await openConsole(stage, cluster(), {
      environment: {
        SSO_PRIVATE_HOSTS: `127.0.0.1:${provider.port}`,
      },
    });
    await makeOwner(opened);
  });
  afterAll(async () => {
    await stage.close();
  });

  test('a provider is connected, people sign in at it, and are what their groups say', async () => {
    const { page, browser, installation } = opened;
    await goTo(page, 'Single sign-on');
    await page.getByText(/^No provider is connected/).waitFor();
    await page.getByRole('button', { name: 'Connect a provider' }).click();
    const dialog = page.getByRole('dialog', { name: 'Connect an identity provider' });
    await dialog.getByLabel('Name').fill('corporate');
    await dialog.getByLabel('Issuer').fill(provider.issuer);
    await dialog.getByLabel('Client id').fill('sagewai');
    await dialog.getByLabel('Client secret').fill(SECRET);
    await dialog.getByLabel('E-mail domains').fill('acme.example');
    await dialog.getByLabel('Roles of groups').fill('watchers');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText(/^watchers is not GROUP=ROLE/).waitFor();
    await dialog.getByLabel('Roles of groups').fill('watchers=viewer');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    const redirectUri = await page.getByLabel('The redirect URI').textContent();
    expect(redirectUri).toMatch(/\/auth\/oidc\/[0-9a-f-]{36}\/callback$/);
    await page.getByRole('button', { name: 'Done' }).click();
    await provider.control({
      clients: [{ client_id: 'sagewai', client_secret: SECRET, redirect_uris: [redirectUri] }],
      account: {
        sub: 'eva-1',
        email: 'eva@acme.example',
        email_verified: true,
        name: 'Eva Lind',
        groups: ['watchers'],
      },
    });
    await page.getByRole('button', { name: 'Test it' }).click();
    await page.getByText(/PUBLIC_URL|Nothing stands in the way/).waitFor();
    expect(await lookAt(page, 'sign-on')).toEqual(NOTHING_WRONG);
    const begin = redirectUri?.replace('/callback', '/start') ?? '';

    const other = await (
      await browser.newContext({ viewport: { width: 1280, height: 820 } })
    ).newPage();
    other.setDefaultTimeout(45_000);
    await other.goto(`${installation.server.url}/`);
    await other.getByRole('tab', { name: 'Single sign-on' }).click();
    await other.getByLabel('Connection').fill('corporate');
    await other.getByRole('button', { name: 'Go to the identity provider' }).click();
    await other.getByText('This is neither an id nor an address with one.').waitFor();
    await other.getByLabel('Connection').fill(begin);
    await other.getByRole('button', { name: 'Go to the identity provider' }).click();
    await other.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(new URL(other.url()).pathname).toBe('/console/');
    await goTo(other, 'Runs');
    const make = other.getByRole('button', { name: 'Cancel many …' });
    expect(await make.getAttribute('aria-disabled')).toBe('true');
    expect(await other.getByRole('link', { name: 'Single sign-on' }).count()).toBe(0);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByRole('heading', { name: 'Sign in to Sagewai' }).waitFor();
    await other.context().close();

    await goTo(page, 'People');
    const row = page.getByRole('row').filter({ hasText: 'eva@acme.example' });
    await row.getByText('viewer').waitFor();

    // Switched off, nobody comes in by it.
    await goTo(page, 'Single sign-on');
    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Switch on' }).waitFor();
    const answer = await fetch(begin, { redirect: 'manual' });
    expect(answer.status).toBe(404);
    expect(opened.complaints).toEqual([]);
  });
});
