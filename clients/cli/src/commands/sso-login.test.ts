import { createHash } from 'node:crypto';

import { createNodeSend } from '@sagewai/sdk/node';
import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { signInByBrowser } from './sso-login.ts';

/** Begins; answers the address that the person is sent to, and the token to come. */
async function begin(): Promise<{
  readonly server: Awaited<ReturnType<typeof scriptedServer>>;
  readonly start: URL;
  readonly token: Promise<string>;
}> {
  const server = await scriptedServer();
  const { promise: noted, resolve } = Promise.withResolvers<string>();
  const token = signInByBrowser({
    url: server.url,
    connection: 'c1',
    send: createNodeSend(),
    signal: new AbortController().signal,
    terminal: {
      out: () => undefined,
      note: resolve,
      progress: () => undefined,
      interactive: false,
    },
    browse: false,
  });
  token.catch(() => undefined);
  const [, address = ''] = /(http\S+)/.exec(await noted) ?? [];
  return { server, start: new URL(address), token };
}

test('a browser comes back with a code, which is exchanged with a verifier that it never saw', async () => {
  const { server, start, token } = await begin();
  server.on('sso.exchangeCode', () => ({
    json: { token: 'the-session', expires_at: '2026-01-01T00:00:00Z', email: 'ada@acme.example' },
  }));
  expect(start.pathname).toBe('/auth/oidc/c1/start');
  const port = start.searchParams.get('cli_port') ?? '';
  expect((await fetch(`http://127.0.0.1:${port}/favicon.ico`)).status).toBe(404);
  const code = 'c'.repeat(43);
  expect(await (await fetch(`http://127.0.0.1:${port}/?code=${code}`)).text()).toContain(
    'signed in',
  );
  expect(await token).toBe('the-session');
  const sent = server.asked('sso.exchangeCode')[0]?.body as { code: string; verifier: string };
  expect(sent.code).toBe(code);
  expect(createHash('sha256').update(sent.verifier).digest('base64url')).toBe(
    start.searchParams.get('cli_challenge'),
  );
});

test('a refusal is told in the terminal, without what could steer it', async () => {
  const { start, token } = await begin();
  const port = start.searchParams.get('cli_port') ?? '';
  await fetch(`http://127.0.0.1:${port}/?error=${encodeURIComponent('no account\u001b[31m')}`);
  await expect(token).rejects.toThrow('not signed in: no account31m');
});
