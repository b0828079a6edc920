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
  const place = { provider: 'openai' as const, baseUrl: `http://127.0.0.1:${port}/v1` };
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

test('each provider is asked with its own header, and what only signs is never sent', async () => {
  const asked: string[] = [];
  const port = await serve((request, response) => {
    const { authorization, 'x-goog-api-key': ofGoogle, 'api-key': ofAzure } = request.headers;
    asked.push(`${request.url} ${String(authorization ?? ofGoogle ?? ofAzure)}`);
    response.writeHead(asked.length === 2 ? 429 : 200).end('{}');
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const findings = [
    ...(await checkProviders([
      { provider: 'gemini', baseUrl: `${baseUrl}/v1beta`, credential: new Secret('g') },
    ])),
    ...(await checkProviders([
      {
        provider: 'azure',
        baseUrl: `${baseUrl}/openai/deployments/d?api-version=1`,
        credential: new Secret('a'),
      },
    ])),
    ...(await checkProviders([
      { provider: 'bedrock', baseUrl, credential: new Secret('signs') },
      { provider: 'vertex', baseUrl, credential: new Secret('signs too') },
    ])),
  ];
  expect(asked).toEqual(['/v1beta/models g', '/openai/deployments/d/models a']);
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning', 'ok', 'ok']);
  expect(findings[2]?.found).toContain('is not asked');
});

test('without any provider the simulated one answers', async () => {
  expect(await checkProviders([])).toMatchObject([{ level: 'ok' }]);
});
