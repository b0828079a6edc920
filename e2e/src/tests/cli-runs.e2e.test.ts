import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { runSagewai } from '../harness/sagewai.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

/** A server, and its command line. */
async function begin(stage: Stage) {
  const { server, upstream } = await install(stage, cluster(), { models: [MODEL] });
  const environment = { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator };
  const run = (words: readonly string[]) => runSagewai(stage, words, environment);
  const cli = async (line: string, ...more: string[]): Promise<string> => {
    const { code, stdout, text } = await run([...line.split(' '), ...more]);
    expect({ line, code, text }).toMatchObject({ code: 0 });
    return stdout.trim();
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
  const json = async (line: string, ...more: string[]): Promise<any> =>
    JSON.parse(await cli(line, ...more, '--json'));
  const refused = async (line: string): Promise<string> => {
    const { code, text } = await run(line.split(' '));
    expect({ line, code, text }).not.toMatchObject({ code: 0 });
    return text;
  };
  return { server, upstream, cli, json, refused };
}

test('schedules: made, shown, paused, triggered, and what became of it', async ({ stage }) => {
  const { cli, json, refused } = await begin(stage);
  const made = ['--cron', '0 7 * * MON-FRI', '--time-zone', 'Europe/Berlin', '--message', 'News?'];
  const rule = ['--overlap', 'refuse_new', '--overlap-max', '2', '--jitter', '5s'];
  const created = await json('schedules create --name digest', ...made, ...rule);
  expect(created).toMatchObject({
    name: 'digest',
    overlap: 'refuse_new',
    overlap_max: 2,
    jitter_seconds: 5,
    submission: { payload: { agent: { name: 'agent' }, message: 'News?' } },
  });
  expect(await cli('schedules list')).toMatch(/digest +0 7 \* \* MON-FRI +Europe\/Berlin/);
  expect((await cli('schedules next digest --count 3')).split('\n')).toHaveLength(3);
  expect(await cli('schedules pause digest')).toBe('It is paused.');
  expect(await json('schedules get digest')).toMatchObject({ paused: true, next_at: null });
  expect(await cli('schedules resume digest')).toMatch(/^It fires next at 20/);
  const first = await cli('schedules trigger digest');
  const second = await cli('schedules trigger digest');
  expect(await refused('schedules trigger digest')).toContain('2 of its runs go on; 2 may');
  const { firings } = await json('schedules get digest');
  expect(firings).toMatchObject([
    { how: 'submitted', run_id: second },
    { how: 'submitted', run_id: first },
  ]);
  expect(await refused('schedules create --name b --cron x --message y')).toMatch(/cron/);
  expect(await refused('schedules create --name b --cron @daily')).toMatch(
    /--message or --payload/,
  );
  expect(await cli('schedules delete digest')).toBe('Deleted digest.');
  expect(await refused('schedules get digest')).toMatch(/no such schedule/i);
});

test('dead letters: listed, shown, redriven once, discarded by filter', async ({ stage }) => {
  const { server, upstream, cli, json } = await begin(stage);
  await upstream.behave(MODEL.name, { fault: 'error' });
  const submit = (pool: string): Promise<string> =>
    cli(
      `runs submit --model ${MODEL.name} --pool ${pool} --message x --max-attempts 1`,
      '--retry',
      '{"classes":{"error":true}}',
    );
  const enrollmentKey = await makeEnrollmentKey(server);
  for (const pool of ['one', 'two']) {
    startWorker(stage, {
      url: server.url,
      name: `w-${pool}`,
      enrollmentKey,
      models: [MODEL.name],
      environment: { WORKER_POOL: pool },
    });
  }
  const [one, two] = [await submit('one'), await submit('two')];
  await waitUntil(
    async () => {
      const { dead_letters: dead } = await json('fleet dead-letters list');
      return (dead as unknown[]).length === 2 ? dead : null;
    },
    { otherwise: 'the runs do not die', msMax: 90_000 },
  );
  expect(await cli('fleet dead-letters list --pool one')).toContain(one);
  expect(await cli('fleet dead-letters list --pool one')).not.toContain(two);
  expect(await json(`fleet dead-letters show ${one}`)).toMatchObject({
    run_id: one,
    cause: 'exhausted',
    attempts: 1,
  });
  const again = await json(`fleet dead-letters redrive ${one}`);
  expect(again).toMatchObject({ redrive_of: one, created: true });
  expect(await json(`fleet dead-letters redrive ${one}`)).toMatchObject({
    run_id: again.run_id,
    created: false,
  });
  expect(await cli('fleet dead-letters discard --pool two --dry-run')).toMatch(/^Would discard 1 /);
  expect(await cli('fleet dead-letters discard --pool two')).toBe('Done: 1 of 1.');
  expect(await cli('fleet dead-letters list --pool two')).not.toContain(two);
  expect(await cli('fleet dead-letters list --pool two --all')).toContain(two);
});

test('many runs are cancelled by what they have in common; why one does not run is said', async ({
  stage,
}) => {
  const { cli, json, refused } = await begin(stage);
  const submit = (pool: string): Promise<string> =>
    cli(`runs submit --pool ${pool} --message x --model ${MODEL.name}`);
  const [a, b, other] = [await submit('gpu'), await submit('gpu'), await submit('cpu')];
  expect(await cli(`runs why ${a}`)).toMatch(/^No approved worker is in pool gpu/);
  expect(await json(`runs why ${a}`)).toMatchObject({ run_id: a, state: 'queued', nearest: [] });
  expect(await refused('runs cancel')).toMatch(/say which/);
  const preview = await json('runs cancel --pool gpu --dry-run');
  expect(preview).toMatchObject({ count: 2, operation_id: null });
  expect((preview.sample as string[]).toSorted()).toEqual([a, b].toSorted());
  expect(await cli('runs cancel --pool gpu --state queued')).toBe('Done: 2 of 2.');
  expect(await json(`runs get ${a}`)).toMatchObject({ state: 'cancelled' });
  expect(await cli(`runs why ${b}`)).toMatch(/cancelled/i);
  expect(await json(`runs get ${other}`)).toMatchObject({ state: 'queued' });
});

test('a project keeps its runs for fewer days, or as the server does', async ({ stage }) => {
  const { cli, json, refused } = await begin(stage);
  const { projects } = await json('fleet retention show');
  expect(projects).toEqual([]);
  expect(await cli('fleet retention set default --days 3')).toMatch(/default are kept.* 3 days/);
  expect(await json('fleet retention show')).toMatchObject({
    projects: [{ project: 'default', days: 3 }],
  });
  expect(await refused('fleet retention set nowhere --days 3')).toMatch(/no such project/i);
  await cli('fleet retention set default --default');
  expect((await json('fleet retention show')).projects).toEqual([]);
});
