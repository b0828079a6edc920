import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createClient, type Send } from '@sagewai/sdk';

import type { Terminal } from '../terminal.ts';

const WAIT_MS = 10 * 60_000;

const PAGE = (text: string): string =>
  `<!doctype html><meta charset="utf-8"><title>sagewai</title><p>${text}</p>`;

/**
 * Signs in with a browser: it comes back to a port of this machine with a code, which is good for whoever
 * has the verifier, and that never leaves this process.
 */
export async function signInByBrowser(of: {
  readonly url: string;
  readonly connection: string;
  readonly send: Send;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  readonly browse: boolean;
}): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const { promise: code, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const given = searchParams.get('code');
    const error = searchParams.get('error');
    if (given === null && error === null) {
      response.writeHead(404).end();
      return;
    }
    const text =
      given === null
        ? 'You were not signed in: see the terminal.'
        : 'You are signed in. Close this.';
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
    response.end(PAGE(text));
    if (given === null) reject(new Error(`not signed in: ${plain(error ?? '')}`));
    else resolve(given);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const start = new URL(`/auth/oidc/${encodeURIComponent(of.connection)}/start`, of.url);
    start.searchParams.set('cli_port', String(port));
    start.searchParams.set('cli_challenge', challenge);
    of.terminal.note(`Sign in with a browser on this machine:\n\n  ${start.href}\n`);
    if (of.browse) openBrowser(start.href);
    const limit = AbortSignal.any([of.signal, AbortSignal.timeout(WAIT_MS)]);
    const aborted = once(limit, 'abort').then(() => {
      throw new Error('nobody signed in');
    });
    const client = createClient({ url: of.url, send: of.send, signal: of.signal });
    const body = { code: await Promise.race([code, aborted]), verifier };
    return (await client.call('sso.exchangeCode', { body })).token;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Where there is none, the address that was printed is for copying. */
function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

const plain = (text: string): string => text.replaceAll(/[^\p{L}\p{N} .,:'’-]/gu, '').slice(0, 300);
