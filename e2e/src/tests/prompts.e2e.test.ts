import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseUsd } from '@sagewai/wire';
import { expect } from 'vitest';

import { query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install, type Installation } from '../harness/installation.ts';
import { picoOf } from '../harness/model-config.ts';
import type { Running } from '../harness/process.ts';
import { readPrompts } from '../harness/prompts.ts';
import { type Result, runSagewai, startSagewai } from '../harness/sagewai.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'mt-model', inputPrice: 0.000_000_15, outputPrice: 0.000_000_6 };
const prompts = readPrompts();

interface RunLine {
  readonly id: string;
  readonly state: string;
  readonly worker_name: string;
  readonly cost_usd: string;
}

const linesOf = ({ stdout }: Pick<Result, 'stdout'>): RunLine[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunLine);

async function startWorkers(stage: Stage, { server }: Installation): Promise<Running[]> {
  const enrollmentKey = await makeEnrollmentKey(server);
  const workers = [1, 2, 3].map((n) =>
    startWorker(stage, {
      url: server.url,
      name: `worker-${n}`,
      enrollmentKey,
      models: [MODEL.name],
      environment: { HEARTBEAT_INTERVAL: '500ms' },
    }),
  );
  await Promise.all(workers.map((worker) => worker.says(/session \d+/)));
  return workers;
}

async function submitPrompts(stage: Stage, { server }: Installation): Promise<Running> {
  const file = join(stage.folder, 'prompts.jsonl');
  await writeFile(file, prompts.lines.join('\n'));
  const words = ['runs', 'submit', '--jsonl', file, '--model', MODEL.name, '--wait', '--json'];
  return startSagewai(stage, words, {
    environment: { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator },
  });
}

async function verifyAudit(stage: Stage, { server }: Installation): Promise<Result> {
  return runSagewai(stage, ['audit', 'verify', '--json'], {
    SAGEWAI_URL: server.url,
    SAGEWAI_TOKEN: server.administrator,
  });
}

test(`${prompts.lines.length} prompts over three workers: all complete, and the ledger has each pico-dollar`, async ({
  stage,
}) => {
  const installation = await install(stage, cluster(), { models: [MODEL] });
  await startWorkers(stage, installation);
  const submission = await submitPrompts(stage, installation);
  expect(await submission.ended).toMatchObject({ code: 0 });
  const runs = linesOf({ stdout: submission.stdout() });
  expect(runs).toHaveLength(prompts.lines.length);
  expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(['completed']));
  expect(new Set(runs.map((run) => run.worker_name)).size).toBe(3);

  const { served } = installation.upstream;
  expect(served).toHaveLength(prompts.turns);
  const pricedPico = served
    .map(
      ({ inputTokens, outputTokens }) =>
        BigInt(inputTokens) * picoOf(MODEL.inputPrice) +
        BigInt(outputTokens) * picoOf(MODEL.outputPrice),
    )
    .reduce((sum, each) => sum + each, 0n);
  const { spend, totals } = await installation.server.askWell('/api/v1/spend?limit=1000');
  const costs = (spend as { cost_usd: string }[]).map(({ cost_usd: cost }) => parseUsd(cost));
  expect(costs.reduce((sum, each) => sum + each, 0n)).toBe(pricedPico);
  expect(parseUsd(totals.cost_usd)).toBe(pricedPico);
  const ofRuns = runs.map((run) => parseUsd(run.cost_usd));
  expect(ofRuns.reduce((sum, each) => sum + each, 0n)).toBe(pricedPico);

  const verified = await verifyAudit(stage, installation);
  expect(verified).toMatchObject({ code: 0 });
  expect(JSON.parse(verified.stdout)).toMatchObject({ kind: 'whole' });
});

test('a worker and the server are killed midway: all complete, none twice, nothing is lost', async ({
  stage,
}) => {
  const installation = await install(stage, cluster(), {
    models: [MODEL],
    environment: { WORKER_SILENCE: '2s', JOB_INTERVAL: '200ms', RESERVATION_TTL: '4s' },
  });
  const { server, upstream, database } = installation;
  await upstream.behave(MODEL.name, { latencyMs: 40 });
  const [first] = await startWorkers(stage, installation);
  const submission = await submitPrompts(stage, installation);
  await upstream.reached(MODEL.name, 30);
  await first?.kill();
  await upstream.reached(MODEL.name, 50);
  await server.kill();
  server.start();
  await server.ready();

  expect(await submission.ended).toMatchObject({ code: 0 });
  const runs = linesOf({ stdout: submission.stdout() });
  expect(runs.filter(({ state }) => state === 'completed')).toHaveLength(prompts.lines.length);
  const outcomes = await query<{ runs: number; outcomes: number }>(
    database.adminUrl,
    `select count(distinct run_id)::int as runs, count(*)::int as outcomes from outcome`,
  );
  const all = prompts.lines.length;
  expect(outcomes).toEqual([{ runs: all, outcomes: all }]);

  // Whatever the provider served is booked: with its usage, or in full once nobody can tell any more.
  await waitUntil(
    async () => {
      const [left] = await query<{ n: number }>(
        database.adminUrl,
        'select count(*)::int as n from reservation',
      );
      return left?.n === 0;
    },
    { otherwise: 'reservations are neither settled nor expired' },
  );
  const [booked] = await query<{ calls: number; cost: string }>(
    database.adminUrl,
    'select count(*) filter (where entry = 0)::int as calls, sum(cost_pusd)::text as cost from spend',
  );
  expect(booked?.calls).toBeGreaterThanOrEqual(upstream.served.length);
  const servedPico = upstream.served
    .map(
      ({ inputTokens, outputTokens }) =>
        BigInt(inputTokens) * picoOf(MODEL.inputPrice) +
        BigInt(outputTokens) * picoOf(MODEL.outputPrice),
    )
    .reduce((sum, each) => sum + each, 0n);
  expect(BigInt(booked?.cost ?? 0)).toBeGreaterThanOrEqual(servedPico);
  expect(await verifyAudit(stage, installation)).toMatchObject({ code: 0 });
});
