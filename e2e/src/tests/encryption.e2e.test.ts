import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { runSagewai } from '../harness/sagewai.ts';
import { searchDatabase } from '../harness/search-database.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { tapWire } from '../harness/wire-tap.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted' };
const CANARY = 'canary-of-a-payload-9d2e';
/** A part of the payload that nobody repeats. */
const UNSAID = 'canary-that-nobody-repeats-71c0';

test('with encryption on, a real worker does its runs, and the database and the claim tell nothing', async ({
  stage,
}) => {
  const { server, database } = await install(stage, cluster(), { models: [MODEL] });
  const wire = await tapWire(stage, server.port);
  const cli = async (...words: string[]) => {
    const environment = { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator };
    const { code, stdout, text } = await runSagewai(stage, words, environment);
    if (code !== 0) throw new Error(text);
    return stdout;
  };
  const encryption = async (...words: string[]) =>
    JSON.parse(await cli('fleet', 'encryption', ...words, '--json')) as Record<string, unknown>;

  expect(await cli('fleet', 'encryption', 'status')).toMatch(/^Off/);
  expect(await encryption('enable')).toMatchObject({ enabled: true });
  startWorker(stage, {
    url: wire.url,
    name: 'w',
    enrollmentKey: await makeEnrollmentKey(server),
    models: [MODEL.name],
  });
  const run = async () => {
    const agent = { name: CANARY, model: MODEL.name, max_tokens: 30 };
    const payload = { agent, message: 'Hello', note: UNSAID };
    const { id } = await server.askWell('/api/v1/runs', { body: { model: MODEL.name, payload } });
    return waitUntil(
      async () => {
        const seen = await server.askWell(`/api/v1/runs/${id}`);
        return ['completed', 'failed'].includes(seen.state as string) ? seen : null;
      },
      { otherwise: `run ${id} does not end` },
    );
  };
  // The agent's name is in its payload, in its output and in what the run says meanwhile.
  expect(await run()).toMatchObject({ state: 'completed', output: { agent: CANARY } });
  expect(await encryption('rotate')).toEqual({ rotated: 1 });
  expect(await run()).toMatchObject({ state: 'completed', output: { agent: CANARY } });
  expect(await encryption('status')).toMatchObject({
    enabled: true,
    keys: [{ state: 'active' }, { state: 'retiring' }],
  });
  expect(wire.text()).toContain('"payload":"gAAAA');
  expect(wire.text()).toContain('"output":"gAAAA');
  expect(wire.text()).not.toContain(UNSAID);
  expect(await searchDatabase(database.adminUrl, '.gAAAA')).toEqual(
    expect.arrayContaining(['run', 'outcome']),
  );
  for (const secret of [CANARY, UNSAID]) {
    expect(await searchDatabase(database.adminUrl, secret)).toEqual([]);
  }
});
