import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

import { Secret } from '@sagewai/config';
import { expect, onTestFinished, test } from 'vitest';

import { checkPort } from './port.ts';
import { checkProviders } from './providers.ts';

async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  return address.port;
}

test('a port is free, ours, or somebody else’s', async () => {
  const ours = await serve((_, response) => response.end('{"service":"sagewai"}'));
  const theirs = await serve((_, response) => response.end('hello'));
  expect((await checkPort('127.0.0.1', ours)).level).toBe('ok');
  const taken = await checkPort('127.0.0.1', theirs);
  expect(taken).toMatchObject({ level: 'failure', mend: expect.stringContaining('--port') });
  expect((await checkPort('127.0.0.1', 0)).level).toBe('ok');
});

test('a provider answers, refuses the key, or is not there', async () => {
  const port = await serve((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer sk-good';
    response.writeHead(isKnown ? 200 : 401).end('{}');
  });
  const place = { provider: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` };
  const findings = await checkProviders([
    { ...place, credential: new Secret('sk-good') },
    { ...place, credential: new Secret('sk-bad') },
    { ...place, baseUrl: 'http://127.0.0.1:65535/v1', credential: null },
  ]);
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning', 'warning']);
  expect(findings[1]?.mend).toMatch(/key/);
  expect(findings[2]?.found).toMatch(/ECONNREFUSED/);
  expect(JSON.stringify(findings)).not.toContain('sk-');
});

test('without any provider the simulated one answers', async () => {
  expect(await checkProviders([])).toMatchObject([{ level: 'ok' }]);
});
