import { createNodeSend } from '@sagewai/sdk/node';
import { scriptedServer, type ScriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { createChildRuns } from './child-runs.ts';
import type { Resume } from './lease.ts';
import type { Children } from './workflows/workflow.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
const CHILD = '0199aaaa-0000-7000-8000-000000000002';

async function children(of: { resume?: Resume; isSealed?: boolean; finished?: boolean } = {}) {
  const server = await scriptedServer();
  server.on('runs.submitRun', () => ({
    json: { id: CHILD, created: true, pool: 'p', model: null },
  }));
  server.on('runs.listChildren', ({ query }) => ({ json: pageOf(query['cursor'], of.finished) }));
  const made = createChildRuns({
    client: { url: server.url },
    send: createNodeSend(),
    lease: { runId: RUN, runToken: 'rt-1.x', resume: of.resume ?? null },
    redact: (text) => text.replaceAll('my-secret', '[redacted]'),
    signal: new AbortController().signal,
    isSealed: of.isSealed ?? false,
  });
  return { server, made };
}

/** The child is on the second page; on the first is one that somebody else submitted. */
function pageOf(cursor: unknown, finished = true): object {
  const spent = { cost_usd: '0', input_tokens: 0, output_tokens: 0, calls: 0 };
  const at = finished ? '2026-01-01T00:00:00Z' : null;
  const state = finished ? 'completed' : 'running';
  const child = {
    id: CHILD,
    organization_id: RUN,
    project_id: RUN,
    state,
    pool: 'p',
    model: null,
    labels: {},
    priority: 0,
    max_attempts: 3,
    deadline: null,
    attempt: 1,
    worker_id: null,
    worker_name: null,
    cancel_requested: false,
    created_at: '2026-01-01T00:00:00Z',
    scheduled_for: null,
    started_at: null,
    finished_at: at,
    error: null,
    error_class: null,
    submitted_by: 'token:1',
    redrive_of: null,
    parent_run_id: RUN,
    root_run_id: RUN,
    depth: 1,
    on_parent_end: 'continue',
    output: { a: 1 },
    ...spent,
  };
  const tree = { runs: 3, unfinished: 0, ...spent };
  return cursor === undefined
    ? { children: [{ ...child, id: RUN }], tree, next_cursor: RUN }
    : { children: [child], tree, next_cursor: null };
}

const submitOne = (made: Children): Promise<string> =>
  made.submit('facts', { payload: { key: 'my-secret' }, pool: 'cpu', on_parent_end: 'cancel' });

const authorizationOf = (
  server: ScriptedServer,
  endpoint: 'runs.submitRun' | 'runs.listChildren',
) => server.asked(endpoint).map(({ headers }) => headers.authorization);

test('a child is submitted with the token of the run, under a key of its name, without secrets', async () => {
  const { server, made } = await children();
  expect(await submitOne(made)).toBe(CHILD);
  const [asked] = server.asked('runs.submitRun');
  expect(asked?.headers['idempotency-key']).toBe(`child:${RUN}:facts`);
  expect(asked?.body).toEqual({
    payload: { key: '[redacted]' },
    pool: 'cpu',
    on_parent_end: 'cancel',
  });
  expect(authorizationOf(server, 'runs.submitRun')).toEqual(['Bearer rt-1.x']);
});

test('the outcomes are those of the children that were submitted here, on whatever page', async () => {
  const { server, made } = await children();
  await submitOne(made);
  expect(await made.outcomes()).toEqual([
    { name: 'facts', id: CHILD, state: 'completed', output: { a: 1 }, error: null },
  ]);
  expect(authorizationOf(server, 'runs.listChildren')).toEqual(['Bearer rt-1.x', 'Bearer rt-1.x']);
});

test('while one is not over the run waits; when the time for it is up, it fails', async () => {
  const { made } = await children({ finished: false });
  await submitOne(made);
  await expect(made.outcomes(60)).rejects.toMatchObject({
    name: 'RunWaits',
    wait: { for: 'children', name: 'children', timeoutSeconds: 60 },
  });
  const timeout: Resume = { kind: 'timeout', name: 'children', value: null, by: null };
  const late = await children({ finished: false, resume: timeout });
  await submitOne(late.made);
  await expect(late.made.outcomes()).rejects.toThrow('its children were not over in time');
});

test('a sealed run submits nothing, and a name is short', async () => {
  const { server, made } = await children({ isSealed: true });
  await expect(submitOne(made)).rejects.toThrow('a sealed run submits no others');
  expect(server.asked('runs.submitRun')).toEqual([]);
  const open = await children();
  await expect(open.made.submit('x'.repeat(101), { payload: {} })).rejects.toThrow(/1 to 100/);
  await expect(open.made.submit('', { payload: {} })).rejects.toThrow(/1 to 100/);
});
