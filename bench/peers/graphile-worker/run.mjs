// Adds jobs, works them off and waits until their completion is stored, all in this one process and
// without HTTP. Asked over IPC: {jobs, mode: 'batched' | 'single'} → {jobs, elapsedMs}.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const ADD_BATCH = 500;
const SINGLE_IN_FLIGHT = 32;
const PAYLOAD = { agent: { name: 'bench', model: 'bench-model' }, message: 'x'.repeat(200) };
// Its own guide's settings: a local queue that fetches many jobs at once, completions written together.
const BATCHED = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const connectionString = process.env.DATABASE_URL;
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();

process.on('message', ({ jobs, mode }) => {
  void measure(jobs, mode).then((result) => process.send(result));
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send('ready');

async function measure(jobs, mode) {
  let worked = 0;
  const all = Promise.withResolvers();
  const runner = await run({
    preset: {
      worker: {
        connectionString,
        logger,
        concurrentJobs: 24,
        maxPoolSize: 26,
        pollInterval: 1_000,
        ...(mode === 'batched' && BATCHED),
      },
    },
    taskList: {
      bench: () => {
        worked += 1;
        if (worked === jobs) all.resolve();
      },
    },
  });
  const startedAt = performance.now();
  await (mode === 'batched' ? addBatched(jobs) : addSingly(jobs));
  await all.promise;
  while (await anyLeft());
  const elapsedMs = performance.now() - startedAt;
  await runner.stop();
  return { jobs, elapsedMs };
}

async function addBatched(jobs) {
  for (let left = jobs; left > 0; left -= ADD_BATCH) {
    const count = Math.min(left, ADD_BATCH);
    await utils.addJobs(
      Array.from({ length: count }, () => ({ identifier: 'bench', payload: PAYLOAD })),
    );
  }
}

async function addSingly(jobs) {
  let left = jobs;
  const adder = async () => {
    while (left > 0) {
      left -= 1;
      await utils.addJob('bench', PAYLOAD);
    }
  };
  await Promise.all(Array.from({ length: SINGLE_IN_FLIGHT }, adder));
}

async function anyLeft() {
  const { rows } = await utils.withPgClient((client) =>
    client.query('select exists (select from graphile_worker.jobs) as any'),
  );
  return rows[0].any;
}
