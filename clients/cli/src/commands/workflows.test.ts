import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const order = {
  name: 'order',
  project_id: null,
  version: '2.0.0',
  pool: 'orders',
  input_schema: { type: 'object' },
  registered_at: AT,
  seen_at: AT,
};
const made = {
  id: ID,
  workflow: 'order',
  version: '2.0.0',
  created: true,
  pool: 'orders',
  model: null,
};

test('lists what workers have, page by page, and shows what one takes', async () => {
  const { server, run } = await shell();
  server.on('workflows.listWorkflows', ({ query }) =>
    query['cursor'] === '/order'
      ? { json: { workflows: [{ ...order, name: 'tea' }], next_cursor: null } }
      : { json: { workflows: [order], next_cursor: '/order' } },
  );
  server.on('workflows.getWorkflow', () => ({ json: { ...order, versions: [order] } }));
  const listed = (await run(['workflows', 'list'])).out;
  expect(listed).toMatch(/order +2\.0\.0 +orders +every project/);
  expect(listed).toMatch(/tea +2\.0\.0/);
  const shown = await run(['workflows', 'show', 'order']);
  expect(shown.out).toContain('input: {"type":"object"}');
});

test('forgets one, or one version of it', async () => {
  const { server, run } = await shell();
  server.on('workflows.deleteWorkflow', () => ({ json: { deleted: 1 } }));
  const { out } = await run(['workflows', 'delete', 'order', '--worker-version', '1.0.0']);
  expect(out).toContain('1 versions of order');
  const { params, query } = await server.reached('workflows.deleteWorkflow');
  expect({ params, query }).toEqual({ params: { workflow: 'order' }, query: { version: '1.0.0' } });
});

test('submits by name, with input as JSON or from a file, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sagewai-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'input.json');
  writeFileSync(file, '{"item":"tea"}');
  const { server, run } = await shell();
  server.on('workflows.submitRun', () => ({ status: 201, json: made }));
  for (const words of [
    ['workflows', 'run', 'order', '--input', '{"item":"tea"}', '--pool', 'p'],
    ['runs', 'submit', '--workflow', 'order', '--input', file, '--pool', 'p'],
  ]) {
    const { code, out } = await run(words);
    expect({ code, out: out.trim() }).toEqual({ code: 0, out: ID });
  }
  const first = await server.reached('workflows.submitRun', 1);
  const second = await server.reached('workflows.submitRun', 2);
  expect(first.body).toEqual({ input: { item: 'tea' }, pool: 'p' });
  expect(second.body).toEqual(first.body);
  expect(first.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test('says where input is wrong, and what cannot be said together', async () => {
  const { server, run } = await shell();
  server.on('workflows.submitRun', () => ({
    status: 422,
    json: {
      code: 'workflow.input',
      title: 'The input is not what the workflow takes',
      status: 422,
      detail: 'The workflow order does not take this input.',
      request_id: 'r',
      errors: [{ part: 'body', path: '/input/item', message: 'must be a text' }],
    },
  }));
  const refused = await run(['workflows', 'run', 'order', '--input', '{"item":1}']);
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('/input/item');
  const sealed = await run(['runs', 'submit', '--workflow', 'order', '--seal']);
  expect(sealed).toMatchObject({ code: 2, err: expect.stringContaining('journal') });
  const both = await run(['runs', 'submit', '--workflow', 'order', '--message', 'Hi']);
  expect(both.code).toBe(2);
  const none = await run(['runs', 'submit', '--message', 'Hi', '--input', '1']);
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining('--workflow') });
});

test('lists the runs of one, page by page, and cancels one', async () => {
  const { server, run } = await shell();
  server.on('workflows.listRuns', () => ({ json: { runs: [], next_cursor: ID } }));
  const page = await run(['workflows', 'runs', 'order', '--limit', '1', '--cursor', ID]);
  expect(page.err).toContain(`--cursor ${ID}`);
  server.on('runs.cancelRun', () => ({
    json: { id: ID, state: 'cancelled', cancel_requested: false },
  }));
  expect((await run(['workflows', 'cancel', ID])).out).toContain('cancelled');
});
