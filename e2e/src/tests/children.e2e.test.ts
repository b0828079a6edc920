import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { runSagewai } from '../harness/sagewai.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

const agentOf = (name: string) => ({ name, model: MODEL.name, max_tokens: 30 });
const childOf = (name: string) => ({
  name,
  model: MODEL.name,
  payload: { agent: agentOf(name), message: `Tell about ${name}` },
});

/** A worker that has one place: a run that kept it while it waits would wait for ever. */
async function begin(stage: Stage) {
  const { server, upstream } = await install(stage, cluster(), {
    models: [MODEL],
    environment: { WORKER_HEARTBEAT_INTERVAL: '200ms' },
  });
  startWorker(stage, {
    url: server.url,
    name: 'w',
    enrollmentKey: await makeEnrollmentKey(server),
    models: [MODEL.name],
    environment: { HEARTBEAT_INTERVAL: '200ms', WORKER_MAX_CONCURRENT: '1' },
  });
  const environment = { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator };
  const cli = async (...words: string[]) => {
    const { code, stdout, text } = await runSagewai(stage, words, environment);
    if (code !== 0) throw new Error(text);
    return stdout.trim();
  };
  const submit = async (payload: object, ...more: string[]): Promise<string> => {
    const file = join(stage.folder, 'payload.json');
    await writeFile(file, JSON.stringify(payload));
    return cli('runs', 'submit', '--model', MODEL.name, '--payload', file, ...more);
  };
  const untilIn = (id: string, states: readonly string[]) =>
    waitUntil(
      async () => {
        const run = await server.askWell(`/api/v1/runs/${id}`);
        return states.includes(run.state as string) ? run : null;
      },
      { otherwise: `run ${id} is never ${states.join(' or ')}` },
    );
  return { server, upstream, cli, submit, untilIn };
}

test('a run has others done, waits for them without a place, and reads what they answered', async ({
  stage,
}) => {
  const { cli, submit, untilIn } = await begin(stage);
  const root = await submit({
    agent: agentOf('editor'),
    message: 'Sum it up',
    children: [childOf('water'), childOf('fire')],
  });
  const run = await untilIn(root, ['completed', 'failed']);
  expect(run).toMatchObject({ state: 'completed', attempt: 1, calls: 1, parent_run_id: null });
  const { children, tree } = JSON.parse(await cli('runs', 'children', root, '--json')) as {
    children: { id: string; state: string; depth: number; cost_usd: string }[];
    tree: { runs: number; unfinished: number; calls: number; cost_usd: string };
  };
  expect(children).toMatchObject([
    { state: 'completed', depth: 1, parent_run_id: root },
    { state: 'completed', depth: 1, parent_run_id: root },
  ]);
  expect(tree).toMatchObject({ runs: 3, unfinished: 0, calls: 3 });
  const costs = [...children.map(({ cost_usd: cost }) => cost), run.cost_usd as string];
  expect(Number(tree.cost_usd)).toBeCloseTo(costs.map(Number).reduce((a, b) => a + b));
  expect(Number(tree.cost_usd)).toBeGreaterThan(Number(run.cost_usd));
  expect(await cli('runs', 'children', root, '--tree')).toContain(children[1]?.id);
  expect(await cli('runs', 'get', children[0]?.id ?? '')).toMatch(new RegExp(`parent +${root}`));
});

test('who cancels a run cancels what it has submitted and what runs under it', async ({
  stage,
}) => {
  const { cli, submit, untilIn, server, upstream } = await begin(stage);
  await upstream.behave(MODEL.name, { fault: 'silent' });
  const root = await submit({
    agent: agentOf('editor'),
    message: 'Sum it up',
    children: [childOf('water'), childOf('fire')],
  });
  await upstream.reached(MODEL.name, 1);
  expect(await untilIn(root, ['waiting', 'failed'])).toMatchObject({ state: 'waiting' });
  const late = await submit(
    { agent: agentOf('late'), message: 'x' },
    '--parent',
    root,
    '--on-parent-end',
    'cancel',
  );
  await cli('runs', 'cancel', root);
  const { children } = await server.askWell(`/api/v1/runs/${root}/children?tree=true`);
  expect(children).toHaveLength(3);
  for (const { id } of children as { id: string }[]) {
    expect(await untilIn(id, ['cancelled', 'completed', 'failed'])).toMatchObject({
      state: 'cancelled',
    });
  }
  expect(await untilIn(late, ['cancelled'])).toMatchObject({ depth: 1 });
});
