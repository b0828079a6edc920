import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const TOKEN = {
  id: ID,
  name: 'pods',
  max_uses: 50,
  current_uses: 3,
  expires_at: '2100-01-01T00:00:00Z',
  allowed_pools: ['gpu'],
  allowed_models: [],
  allowed_labels: [],
  allowed_cidrs: [],
  scopes: ['claim', 'report', 'heartbeat'],
  created_at: '2026-01-01T00:00:00Z',
  created_by: 'token:1',
  revoked: false,
};

test('fleet issue-token says every limit; the token alone is on stdout', async () => {
  const { run, server } = await shell();
  server.on('fleet.issueToken', () => ({ status: 201, json: { ...TOKEN, token: 'wrt-1.x' } }));
  const { code, out, err } = await run(
    'fleet issue-token --name pods --max-uses 50 --expires 7d --pool gpu --allowed-models m,n --allowed-labels region=eu,tier=* --allowed-cidrs 10.0.0.0/8 --scopes heartbeat,report',
  );
  expect({ code, out }).toEqual({ code: 0, out: 'wrt-1.x' });
  expect(err).toContain('WRT_TOKEN');
  expect(server.asked('fleet.issueToken')[0]?.body).toEqual({
    name: 'pods',
    max_uses: 50,
    expires_in_seconds: 604_800,
    allowed_pools: ['gpu'],
    allowed_models: ['m', 'n'],
    allowed_labels: ['region=eu', 'tier=*'],
    allowed_cidrs: ['10.0.0.0/8'],
    scopes: ['report', 'heartbeat'],
  });
  await run('fleet issue-token --name any');
  expect(server.asked('fleet.issueToken')[1]?.body).toEqual({ name: 'any' });
});

test('fleet issue-token --worker is for that worker, and needs no name', async () => {
  const { run, server } = await shell();
  server.on('fleet.issueWorkerToken', () => ({
    status: 201,
    json: { token: 'wrt-1.w', worker_id: ID, expires_at: TOKEN.expires_at, scopes: ['claim'] },
  }));
  expect(await run(`fleet issue-token --worker ${ID} --scopes claim`)).toMatchObject({
    code: 0,
    out: 'wrt-1.w',
  });
  const [asked] = server.asked('fleet.issueWorkerToken');
  expect(asked).toMatchObject({ params: { worker_id: ID }, body: { scopes: ['claim'] } });
});

test.each([
  ['no name', 'fleet issue-token', /--name/],
  ['a scope that does not exist', 'fleet issue-token --name a --scopes claim,root', /claim,report/],
])('fleet issue-token with %s ends with 2 and asks nothing', async (_, line, said) => {
  const { run, server } = await shell();
  const { code, err } = await run(line);
  expect(code).toBe(2);
  expect(err).toMatch(said);
  expect(server.asked('fleet.issueToken')).toEqual([]);
});

test('fleet list-tokens shows uses, end and scopes, and no value', async () => {
  const { run, server } = await shell();
  const tokens = [
    TOKEN,
    { ...TOKEN, name: 'old', max_uses: null, revoked: true, allowed_pools: [] },
  ];
  server.on('fleet.listTokens', () => ({ json: { tokens, total: 2 } }));
  const { out } = await run('fleet list-tokens');
  const [head, first, second] = out.split('\n').map((line) => line.split(/ {2,}/));
  expect(head).toEqual(['ID', 'NAME', 'USES', 'EXPIRES', 'POOLS', 'SCOPES']);
  expect(first).toMatchObject([
    ID,
    'pods',
    '3/50',
    expect.any(String),
    'gpu',
    'claim,report,heartbeat',
  ]);
  expect(second).toMatchObject([ID, 'old', '3/∞', 'revoked', 'any', 'claim,report,heartbeat']);
  expect(JSON.parse((await run('fleet list-tokens --json')).out)).toEqual({ tokens, total: 2 });
});

test('fleet revoke-token names the token; one that is gone is an error', async () => {
  const { run, server } = await shell();
  server.on('fleet.revokeToken', () => ({ json: { status: 'ok' } }));
  expect(await run(`fleet revoke-token ${ID}`)).toMatchObject({ code: 0, out: `Revoked ${ID}.` });
  expect(server.asked('fleet.revokeToken')[0]?.params).toEqual({ token_id: ID });
  const json = { code: 'enrollment_key.missing', detail: 'No such token' };
  server.on('fleet.revokeToken', () => ({ status: 404, json }));
  expect(await run(`fleet revoke-token ${ID}`)).toMatchObject({
    code: 3,
    err: expect.stringContaining('No such token'),
  });
});
