import { type ChainEntry, GENESIS_HASH } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const entry = (seq: number): ChainEntry => ({
  version: 1,
  organization_id: '0199aaaa-0000-7000-8000-000000000001',
  seq,
  at: '2026-11-27T12:00:00.000001Z',
  actor: 'token:a',
  action: 'fleet.approveWorker',
  subject: 'worker:1',
  outcome: 'ok',
  request_id: '',
  details: '{}',
  previous_hash: GENESIS_HASH,
  hash: GENESIS_HASH,
});

test('an export goes page by page to the end, and says where later entries begin', async () => {
  const { run, server } = await shell();
  server.on('trust.listAudit', ({ query }) => {
    const isSecond = query['cursor'] === '2';
    const json = isSecond
      ? { entries: [entry(3)], head: null, next_cursor: null }
      : { entries: [entry(1), entry(2)], head: null, next_cursor: '2' };
    return { json };
  });
  const { out, err } = await run('audit export --since 2026-01-01T00:00:00Z');
  expect(out.split('\n').map((line) => (JSON.parse(line) as ChainEntry).seq)).toEqual([1, 2, 3]);
  expect(err).toContain('Later entries: --cursor 3');
  expect(server.asked('trust.listAudit').map(({ query }) => query)).toMatchObject([
    { order: 'oldest', since: '2026-01-01T00:00:00Z' },
    { order: 'oldest', since: '2026-01-01T00:00:00Z', cursor: '2' },
  ]);
  const cef = await run('audit export --format cef --cursor 2');
  expect(cef.out).toMatch(/^CEF:0\|Sagewai\|.*externalId=3 /);
});

test('an export that breaks off names the entry that it had reached', async () => {
  const { run, server } = await shell();
  server.on('trust.listAudit', ({ query }) =>
    query['cursor'] === undefined
      ? { json: { entries: [entry(1), entry(2)], head: null, next_cursor: '2' } }
      : {
          status: 403,
          json: { type: 'about:blank', title: 'no', status: 403, code: 'caller.forbidden' },
        },
  );
  const { code, out, err } = await run('audit export');
  expect(code).not.toBe(0);
  expect(out.split('\n')).toHaveLength(2);
  expect(err).toContain('Broken off; go on with: --cursor 2');
});
