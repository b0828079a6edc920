import { createNodeSend } from '@sagewai/sdk/node';
import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { createChildWorkflows } from './child-workflows.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const PER_PAGE = 50;
const spent = { cost_usd: '0', input_tokens: 0, output_tokens: 0, calls: 0 };
const idOf = (n: number): string => `0199bbbb-0000-7000-8000-${String(n).padStart(12, '0')}`;

const child = (n: number, isOver = true): object => ({
  id: idOf(n),
  organization_id: RUN,
  project_id: RUN,
  state: isOver ? 'completed' : 'running',
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
  created_at: AT,
  scheduled_for: null,
  started_at: null,
  finished_at: isOver ? AT : null,
  error: null,
  error_class: null,
  submitted_by: 'token:1',
  redrive_of: null,
  parent_run_id: RUN,
  root_run_id: RUN,
  depth: 1,
  on_parent_end: 'continue',
  output: n,
  ...spent,
});

/** A run with so many children, listed as the server lists them. */
async function withChildren(all: readonly object[]) {
  const server = await scriptedServer();
  server.on('runs.listChildren', ({ query }) => {
    const after = query['cursor'] ?? '';
    const rest = all.filter((one) => (one as { id: string }).id > after);
    const page = rest.slice(0, PER_PAGE);
    const last = page.at(-1) as { id: string } | undefined;
    const next = rest.length > PER_PAGE ? (last?.id ?? null) : null;
    const tree = { runs: all.length, unfinished: 0, ...spent };
    return { json: { children: page, tree, next_cursor: next } };
  });
  const children = createChildWorkflows({
    client: { url: server.url },
    send: createNodeSend(),
    lease: { runId: RUN, runToken: 'rt-1.x' },
    redact: (value) => value,
    signal: new AbortController().signal,
  });
  return { children, pages: () => server.asked('runs.listChildren') };
}

test('a thousand children that are over are found with one list', async () => {
  const all = Array.from({ length: 1_000 }, (_, n) => child(n + 1));
  const { children, pages } = await withChildren(all);
  const found = await Promise.all(all.map((_, n) => children.find(idOf(n + 1))));
  expect(found.map((one) => one?.output)).toEqual(all.map((_, n) => n + 1));
  expect(pages()).toHaveLength(1_000 / PER_PAGE);
  // Nor is one asked for again that is known to be over.
  expect(await children.find(idOf(7))).toMatchObject({ state: 'completed', output: 7 });
  expect(pages()).toHaveLength(1_000 / PER_PAGE);
});

test('the last of many is found without those before it', async () => {
  const all = Array.from({ length: 1_000 }, (_, n) => child(n + 1, n < 999));
  const { children, pages } = await withChildren(all);
  expect(await children.find(idOf(999))).toMatchObject({ output: 999 });
  expect(pages()).toHaveLength(1);
  expect(pages()[0]?.query).toEqual({ cursor: idOf(998) });
  // One that is under way is looked for each time.
  expect(await children.find(idOf(1_000))).toBeNull();
  expect(await children.find(idOf(1_000))).toBeNull();
  expect(pages()).toHaveLength(3);
});
