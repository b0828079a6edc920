import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, onTestFinished, test } from 'vitest';

import { CHART } from '../rendered.ts';

const COST = 'controller.kubernetes.io/pod-deletion-cost';

interface Asked {
  readonly what: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function listen(answer: (what: string) => unknown): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({
        what,
        authorization: request.headers.authorization,
        body: Buffer.concat(chunks).toString(),
      });
      const found = answer(what);
      response.writeHead(found === undefined ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ?? {}));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const pod = (name: string, cost?: string) => ({
  metadata: { name, ...(cost === undefined ? {} : { annotations: { [COST]: cost } }) },
});

async function setCosts(
  fleet: unknown,
): Promise<{ asked: Asked[]; toFleet: Asked[]; said: string }> {
  const pods = [pod('busy'), pod('idle', '3'), pod('same', '2'), pod('unknown')];
  const kubernetes = await listen((what) => (what.startsWith('GET') ? { items: pods } : {}));
  const server = await listen(() => fleet);
  const tokenFile = join(mkdtempSync(join(tmpdir(), 'deletion-cost-')), 'token');
  writeFileSync(tokenFile, 'of-kubernetes\n');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [`${CHART}/files/set-deletion-costs.mjs`],
    {
      env: {
        SAGEWAI_URL: server.url,
        SAGEWAI_TOKEN: 'sat-1',
        POD_NAMESPACE: 'agents',
        POD_SELECTOR: 'app=sagewai-worker',
        KUBERNETES_URL: kubernetes.url,
        KUBERNETES_TOKEN_FILE: tokenFile,
      },
    },
  );
  return { asked: kubernetes.asked, toFleet: server.asked, said: stdout };
}

const workers = [
  { name: 'busy', active_runs: 4 },
  { name: 'idle', active_runs: 0 },
  { name: 'same', active_runs: 2 },
];

test('a pod costs as many runs as its worker holds, and only what changed is written', async () => {
  const { asked, toFleet, said } = await setCosts({ workers, total: 3 });
  const [list, ...patches] = asked;
  expect(list?.what).toBe('GET /api/v1/namespaces/agents/pods?labelSelector=app%3Dsagewai-worker');
  expect(toFleet.map(({ what, authorization }) => [what, authorization])).toEqual([
    ['GET /api/v1/fleet/workers?limit=1000', 'Bearer sat-1'],
  ]);
  expect(patches.map(({ what, authorization, body }) => [what, authorization, body])).toEqual([
    [
      'PATCH /api/v1/namespaces/agents/pods/busy',
      'Bearer of-kubernetes',
      `{"metadata":{"annotations":{"${COST}":"4"}}}`,
    ],
    [
      'PATCH /api/v1/namespaces/agents/pods/idle',
      'Bearer of-kubernetes',
      `{"metadata":{"annotations":{"${COST}":"0"}}}`,
    ],
  ]);
  expect(said).toContain('2 of 4 pods');
});

test('a server that does not answer leaves every cost as it is', async () => {
  await expect(setCosts(undefined)).rejects.toThrow('500');
});
