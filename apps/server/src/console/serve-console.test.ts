import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { serveConsole } from './serve-console.ts';

const BROWSER = { accept: 'text/html,*/*;q=0.8' };
let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sagewai-console-'));
  const pages = serveConsole({ folder, publicUrl: null });
  server = createServer((request, reply) => {
    const { method = 'GET', headers } = request;
    const path = new URL(request.url ?? '/', 'http://x.example').pathname;
    void pages
      .answer({ method, path, headers, id: 'r1' }, reply)
      .then((isAnswered) => isAnswered || reply.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test('a console that is built while the server runs is there from then on', async () => {
  expect((await fetch(`${url}/`, { headers: BROWSER })).status).toBe(404);
  const assets = join(folder, 'console', 'assets');
  await mkdir(assets, { recursive: true });
  await writeFile(join(folder, 'index.html'), '<head><base href="./" /></head>');
  await writeFile(join(assets, 'index-A1.js'), 'whole');
  await writeFile(join(assets, 'index-A1.js.br'), 'small');
  await writeFile(join(folder, 'digest'), 'not for browsers');
  expect((await fetch(`${url}/`, { headers: BROWSER })).status).toBe(200);
});

test('a page allows nothing that stands in it, and nobody to frame it', async () => {
  const answer = await fetch(`${url}/console/runs/x`, { headers: BROWSER });
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("style-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await answer.text()).toContain('<base href="../../" />');
});

test('a page is asked about each time, and sent only when it has changed', async () => {
  const first = await fetch(`${url}/console`, { headers: BROWSER });
  expect(first.headers.get('cache-control')).toBe('no-cache');
  const headers = { ...BROWSER, 'if-none-match': first.headers.get('etag') ?? '' };
  expect((await fetch(`${url}/console`, { headers })).status).toBe(304);
  await writeFile(join(folder, 'index.html'), '<head><base href="./" /></head>another');
  expect((await fetch(`${url}/console`, { headers })).status).toBe(200);
});

test('a file is kept for ever, and comes as it was compressed', async () => {
  const asset = `${url}/console/assets/index-A1.js`;
  const plain = await fetch(asset, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await plain.text()).toBe('whole');
  const small = await fetch(asset, { method: 'HEAD', headers: { 'accept-encoding': 'br' } });
  expect([small.headers.get('content-encoding'), small.headers.get('content-length')]).toEqual([
    'br',
    '5',
  ]);
  const again = { 'accept-encoding': 'identity', 'if-none-match': plain.headers.get('etag') ?? '' };
  expect((await fetch(asset, { headers: again })).status).toBe(304);
});

test('nothing beside the assets is served', async () => {
  for (const path of [
    '/console/assets/none.js',
    '/console/assets/..%2f..%2fdigest',
    '/digest',
    '/console/assets/',
  ]) {
    expect((await fetch(`${url}${path}`, { headers: BROWSER })).status).toBe(404);
  }
});
