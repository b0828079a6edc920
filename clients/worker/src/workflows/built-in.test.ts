import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import {
  completion,
  lease,
  scriptedFleet,
  type ScriptedFleet,
} from '@sagewai/testing/scripted-fleet';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';

import { openCommands } from '../exec/open-commands.ts';
import { WorkflowWorker } from '../workflow-worker.ts';

afterEach(() => vi.unstubAllEnvs());

const AT = '2026-01-01T00:00:00Z';
const log = { note: () => undefined, warn: () => undefined };

interface Told {
  readonly workflows: readonly { readonly name: string; readonly input_schema?: object }[];
}

/** Keeps what is journaled, and answers it. */
function keepJournal(fleet: ScriptedFleet, format: number): readonly Record<string, unknown>[] {
  const steps: Record<string, unknown>[] = [];
  fleet.on('runs.readJournal', () => ({
    json: {
      steps: [],
      next: 0,
      is_end: true,
      seed: 's',
      started_at: AT,
      replay_of: null,
      format,
      resumed_epoch: null,
    },
  }));
  fleet.on('runs.appendJournal', ({ body }) => {
    steps.push(...(body as { steps: Record<string, unknown>[] }).steps);
    return { json: { change: steps.length } };
  });
  return steps;
}

async function startedWorker(
  environment: Record<string, string>,
  format = 1,
): Promise<{
  readonly fleet: ScriptedFleet;
  readonly told: Promise<Told>;
  readonly steps: readonly Record<string, unknown>[];
}> {
  const fleet = await scriptedFleet();
  const told = Promise.withResolvers<Told>();
  fleet.on('fleet.registerWorkflows', ({ body }) => {
    told.resolve(body as Told);
    return { json: { unused_schemas: [] } };
  });
  const home = await mkdtemp(join(tmpdir(), 'sagewai-worker-'));
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const worker = new WorkflowWorker({ home, log, handlesSignals: false, gatewayUrl: fleet.url });
  const ended = worker.start();
  onTestFinished(async () => {
    worker.stop();
    await ended;
    await rm(home, { recursive: true });
  });
  return { fleet, told: told.promise, steps: keepJournal(fleet, format) };
}

async function commandsFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-exec-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'commands.yaml');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const COMMANDS = (node: string): string => `
commands:
  double:
    command:
      - ${node}
      - -e
      - |
        let text = '';
        process.stdin.on('data', (piece) => (text += piece)).on('end', () => {
          const { n } = JSON.parse(text);
          if (n === 13) { console.error('unlucky', process.env.LEAK ?? ''); process.exit(1); }
          console.log(JSON.stringify({ twice: n * 2, run: process.env.SAGEWAI_RUN_ID, leak: process.env.LEAK }));
        });
`;

test('exec starts what the operator lets it start, as a step of the run', async () => {
  const file = await commandsFile(COMMANDS(process.execPath));
  const { fleet, told, steps } = await startedWorker({ WORKER_EXEC_FILE: file, LEAK: 'secret' });
  expect((await told).workflows).toMatchObject([
    { name: 'exec', input_schema: { properties: { command: { enum: ['double'] } } } },
  ]);
  const given = [
    { command: 'double', input: { n: 4 } },
    { command: 'double', input: { n: 13 } },
    { command: '/bin/sh', input: {} },
  ];
  for (const [at, input] of given.entries()) {
    fleet.give({ ...lease(at + 1), payload: { workflow: 'exec', input } });
    await fleet.reported(at + 1);
  }
  expect(fleet.reports).toMatchObject([
    { status: 'completed', output: { twice: 8, run: lease(1).run_id } },
    { status: 'failed', error: 'step double#0 failed: it ended with 1: unlucky', retry: false },
    {
      status: 'failed',
      error: expect.stringContaining('the input is not what the workflow exec takes'),
    },
  ]);
  expect(JSON.stringify([fleet.reports, steps])).not.toContain('secret');
  expect(steps.filter(({ state }) => state !== 'running')).toMatchObject([
    { name: 'double', state: 'completed', result: { twice: 8 } },
    { name: 'double', state: 'failed', is_final: true },
  ]);
}, 20_000);

test('a file that others may write starts no worker', async () => {
  const file = await commandsFile(COMMANDS('node'));
  await chmod(file, 0o620);
  vi.stubEnv('WORKER_EXEC_FILE', file);
  const worker = new WorkflowWorker({
    home: dirname(file),
    log,
    handlesSignals: false,
    gatewayUrl: 'http://127.0.0.1:9',
  });
  await expect(worker.start()).rejects.toThrow(`others may write ${file}: chmod go-w ${file}`);
});

// Only root may give a file away.
test.runIf(process.geteuid?.() === 0)(
  'a file that somebody else owns starts no worker',
  async () => {
    const file = await commandsFile(COMMANDS('node'));
    await chown(file, 65_534, 65_534);
    await expect(openCommands(file)).rejects.toThrow("is neither this user's nor root's");
    await chown(file, 0, 0);
    await openCommands(file);
  },
);

test('batch puts each item to a model, tells of those that fail, and holds up none', async () => {
  const { fleet, steps } = await startedWorker({ WORKER_WORKFLOWS: 'batch' });
  let [under, most] = [0, 0];
  const two = Promise.withResolvers<void>();
  fleet.on('gateway.createChatCompletion', async ({ body }) => {
    const { messages, model } = body as { model: string; messages: { content: string }[] };
    most = Math.max(most, (under += 1));
    // The first is answered once there is a second beside it.
    if (under === 2) two.resolve();
    await two.promise;
    under -= 1;
    const text = messages.at(-1)?.content ?? '';
    if (text === 'bad') return { status: 400, json: { error: { message: 'no', code: 'x' } } };
    return { json: completion(`${model}: ${text}`) };
  });
  const items = ['one', 'bad', { id: 'third', message: 'three', model: 'gpt-4o' }, 'four', 'five'];
  const input = { items, system: 'Be short.', concurrency: 2 };
  fleet.give({ ...lease(1), payload: { workflow: 'batch', input } });
  const [report] = await fleet.reported(1);
  const answered = { error: null, model: 'm-2026', input_tokens: 3, output_tokens: 5 };
  expect(report).toMatchObject({
    status: 'completed',
    output: {
      completed: 4,
      failed: 1,
      usage: { input_tokens: 12, output_tokens: 20 },
      items: [
        { id: '1', message: 'auto: one', ...answered },
        { id: '2', message: null, model: null, error: expect.stringContaining('no') },
        { id: 'third', message: 'gpt-4o: three', ...answered },
        { id: '4', message: 'auto: four', ...answered },
        { id: '5', message: 'auto: five', ...answered },
      ],
    },
  });
  expect(most).toBe(2);
  expect(steps.filter(({ state }) => state === 'completed').map(({ name }) => name)).toEqual(
    expect.arrayContaining(['1 batch model 1', 'third batch model 1']),
  );
});

test('batch asks for no more once nothing gets through', async () => {
  const { fleet } = await startedWorker({ WORKER_WORKFLOWS: 'batch' });
  fleet.on('gateway.createChatCompletion', (_asked, nth) =>
    nth === 1
      ? { json: completion('yes') }
      : { status: 429, json: { error: { message: 'no money', type: 'budget_exceeded' } } },
  );
  const items = Array.from({ length: 60 }, (_, at) => `item ${at}`);
  fleet.give({ ...lease(1), payload: { workflow: 'batch', input: { items, concurrency: 2 } } });
  const [report] = await fleet.reported(1);
  expect(report).toMatchObject({ status: 'completed', output: { completed: 1, failed: 59 } });
  const told = (report as { output: { items: { error: string | null }[] } }).output.items;
  // The first answers; twenty fail after it; what is eight turns behind is known to have ended.
  expect(told.map(({ error }) => error?.startsWith('not asked') === true).indexOf(true)).toBe(28);
  expect(told.at(-1)?.error).toContain('no money');
  expect(fleet.asked('gateway.createChatCompletion')).toHaveLength(28);
});

test.each(['a\u0000', 'a\u200b', ' a', 'a\n'])(
  'batch takes no id that its steps would not show: %j',
  async (id) => {
    const { fleet } = await startedWorker({ WORKER_WORKFLOWS: 'batch' });
    const input = {
      items: [
        { id, message: 'one' },
        { id: 'a', message: 'two' },
      ],
    };
    fleet.give({ ...lease(1), payload: { workflow: 'batch', input } });
    const [report] = await fleet.reported(1);
    expect(report).toMatchObject({ status: 'failed', error: expect.stringContaining('be seen') });
  },
);

test('a journal of a later format is left to workers that know it (D6)', async () => {
  const { fleet, steps } = await startedWorker({ WORKER_WORKFLOWS: 'batch' }, 2);
  fleet.give({ ...lease(1), payload: { workflow: 'batch', input: { items: ['one'] } } });
  const [report] = await fleet.reported(1);
  expect(report).toMatchObject({
    status: 'failed',
    retry: true,
    error: "this worker knows journals up to format 1; the run's is 2",
  });
  expect(steps).toEqual([]);
});
