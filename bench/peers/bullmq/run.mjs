// Adds jobs, works them off and waits for Redis to have taken every completion, all in this one process
// and without HTTP. Asked over IPC: {jobs, mode: 'batched' | 'single'} → {jobs, elapsedMs}.
import { Queue, Worker } from 'bullmq';

const ADD_BATCH = 500;
const SINGLE_IN_FLIGHT = 32;
const CONCURRENCY = 64;
const PAYLOAD = { agent: { name: 'bench', model: 'bench-model' }, message: 'x'.repeat(200) };
const JOB_OPTIONS = { removeOnComplete: true };

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
const queue = new Queue('bench', { connection });
await queue.waitUntilReady();

process.on('message', ({ jobs, mode }) => {
  void measure(jobs, mode).then((result) => process.send(result));
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send('ready');

async function measure(jobs, mode) {
  let completed = 0;
  const all = Promise.withResolvers();
  const worker = new Worker('bench', async () => {}, {
    connection: { ...connection, maxRetriesPerRequest: null },
    concurrency: CONCURRENCY,
  });
  worker.on('completed', () => {
    completed += 1;
    if (completed === jobs) all.resolve();
  });
  await worker.waitUntilReady();
  const startedAt = performance.now();
  await (mode === 'batched' ? addBatched(jobs) : addSingly(jobs));
  await all.promise;
  const elapsedMs = performance.now() - startedAt;
  await worker.close();
  return { jobs, elapsedMs };
}

async function addBatched(jobs) {
  for (let left = jobs; left > 0; left -= ADD_BATCH) {
    const count = Math.min(left, ADD_BATCH);
    await queue.addBulk(
      Array.from({ length: count }, () => ({ name: 'bench', data: PAYLOAD, opts: JOB_OPTIONS })),
    );
  }
}

async function addSingly(jobs) {
  let left = jobs;
  const adder = async () => {
    while (left > 0) {
      left -= 1;
      await queue.add('bench', PAYLOAD, JOB_OPTIONS);
    }
  };
  await Promise.all(Array.from({ length: SINGLE_IN_FLIGHT }, adder));
}
