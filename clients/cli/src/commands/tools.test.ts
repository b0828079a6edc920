import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const DIGEST = 'a'.repeat(64);
const tool = {
  id: ID,
  name: 'drop',
  version: 2,
  kind: 'http',
  project_id: null,
  description: '',
  owner: '',
  mode: 'destructive',
  risk: 'high',
  approval: false,
  timeout_ms: 1_000,
  idempotent: false,
  retries: 2,
  result_bytes_max: 1_000,
  input_schema: {},
  output_schema: null,
  egress: ['a.example'],
  rate: null,
  http: { method: 'POST', url: 'https://a.example/' },
  mcp: null,
  credential: null,
  digest: DIGEST,
  enabled: true,
  created_by: 'token:1',
  created_at: AT,
  updated_by: null,
  updated_at: null,
};
const call = {
  id: ID,
  tool: 'drop',
  tool_version: 2,
  mode: 'destructive',
  state: 'waiting',
  project_id: ID,
  run_id: null,
  step: null,
  arguments_digest: DIGEST,
  result_digest: null,
  result_bytes: null,
  error: null,
  attempts: 0,
  requested_by: 'token:1',
  decided_by: null,
  created_at: AT,
  due_at: AT,
  ended_at: null,
};
const answered = {
  call_id: ID,
  run_id: null,
  state: 'waiting',
  arguments_digest: DIGEST,
  result: null,
  error: null,
  message: null,
  repeated: false,
  attempt: 0,
};
const rates = {
  rates: [{ project_id: null, set_by: 'organization', rate: { calls: 9, per_seconds: 60 } }],
};

test('tools: registered from a file, changed, limited and deleted', async () => {
  const { run, server } = await shell();
  server.on('tools.createTool', () => ({ status: 201, json: tool }));
  server.on('tools.updateTool', () => ({ json: { ...tool, enabled: false } }));
  server.on('tools.listTools', () => ({ json: { tools: [tool] } }));
  server.on('tools.getTool', () => ({ json: tool }));
  server.on('tools.deleteTool', () => ({ json: { status: 'ok' } }));
  server.on('tools.setToolRate', () => ({ json: rates }));
  server.on('tools.listToolRates', () => ({ json: rates }));
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [file, secret] = [join(folder, 'drop.json'), join(folder, 'secret')];
  writeFileSync(
    file,
    JSON.stringify({ http: tool.http, credential: { value: '', header: 'x-key' } }),
  );
  writeFileSync(secret, 'hunter22\n');
  const create = `tools create drop --kind http --mode destructive --file ${file} --credential-file ${secret}`;
  expect((await run(create)).out).toContain('may do destructive');
  expect(server.asked('tools.createTool')[0]?.body).toEqual({
    name: 'drop',
    kind: 'http',
    mode: 'destructive',
    http: tool.http,
    credential: { value: 'hunter22', header: 'x-key' },
  });
  writeFileSync(file, '{');
  expect((await run(create)).code).not.toBe(0);
  expect((await run('tools list')).out).toContain('all projects');
  expect((await run('tools show drop')).out).toContain('"a.example"');
  expect((await run('tools update drop --disable')).out).toContain('disabled');
  expect(server.asked('tools.updateTool')[0]?.body).toEqual({ enabled: false });
  expect((await run('tools rate')).code).not.toBe(0);
  expect((await run('tools rate --calls 9 --per-seconds 60')).out).toContain('9 in 60 s');
  expect((await run('tools rate --none')).code).toBe(0);
  expect(server.asked('tools.setToolRate')[1]?.body).toEqual({ rate: null });
  expect((await run('tools rates')).out).toContain('the organization');
  server.on('tools.discoverTools', () => ({
    json: { tools: [{ name: 'search', description: 'Finds', input_schema: {}, pin: DIGEST }] },
  }));
  const found = await run(`tools discover https://mcp.example.com/ --credential-file ${secret}`);
  expect(found.out).toContain(DIGEST);
  expect(server.asked('tools.discoverTools')[0]?.body).toEqual({
    mcp: { url: 'https://mcp.example.com/' },
    credential: { value: 'hunter22' },
  });
  expect((await run('tools delete drop')).out).toBe('Deleted.');
});

test('calls of tools: made, seen, decided about and made again', async () => {
  const { run, server } = await shell();
  let isHidden = false;
  server.on('tools.callTool', () => ({ json: answered }));
  server.on('tools.listToolCalls', () => ({ json: { calls: [call] } }));
  server.on('tools.getToolCall', () => ({
    json: {
      ...call,
      contents_hidden: isHidden,
      arguments: isHidden ? null : { n: 1 },
      result: null,
      message: isHidden ? null : 'why',
      late_result_digest: null,
    },
  }));
  server.on('tools.approveToolCall', () => ({ json: { ...call, state: 'approved' } }));
  server.on('tools.denyToolCall', () => ({ json: { ...call, state: 'denied' } }));
  server.on('tools.redriveToolCall', () => ({
    json: { ...answered, state: 'completed', result: { ok: true } },
  }));
  const asked = await run('tools call drop --arguments {"n":1} --key k');
  expect(asked.out).toContain(`sagewai tools approve ${ID} --digest ${DIGEST}`);
  expect(server.asked('tools.callTool')[0]?.body).toEqual({
    arguments: { n: 1 },
    idempotency_key: 'k',
  });
  expect((await run('tools call drop --arguments [1]')).code).not.toBe(0);
  expect((await run('tools call drop --arguments {')).code).not.toBe(0);
  expect((await run('tools calls --state waiting --tool drop')).out).toContain('token:1');
  expect((await run(`tools show-call ${ID}`)).out).toContain('"n": 1');
  isHidden = true;
  expect((await run(`tools show-call ${ID}`)).out).toContain('not shown to you');
  isHidden = false;
  expect((await run(`tools approve ${ID}`)).code).not.toBe(0);
  expect((await run(`tools approve ${ID} --digest ${DIGEST}`)).out).toContain('once');
  expect((await run(`tools deny ${ID} --reason no`)).out).toBe('Denied.');
  expect((await run(`tools redrive ${ID} --accept-unknown`)).out).toContain('"ok": true');
  expect((await run(`tools redrive ${ID} --json`)).code).toBe(0);
});
