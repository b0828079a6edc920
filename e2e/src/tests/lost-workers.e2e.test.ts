import { expect } from 'vitest';

import { query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
const ENVIRONMENT = {
  WORKER_SILENCE: '2s',
  WORKER_HEARTBEAT_INTERVAL: '500ms',
  JOB_INTERVAL: '200ms',
};

async function submit(server: Server): Promise<string> {
  const payload = { agent: { name: 'a', model: MODEL.name, max_tokens: 30 }, message: 'Hello' };
  const { id } = await server.askWell('/api/v1/runs', { body: { model: MODEL.name, payload } });
  return id as string;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a run, looked into by tests
const completed = (server: Server, id: string): Promise<any> =>
  waitUntil(
    async () => {
      const run = await server.askWell(`/api/v1/runs/${id}`);
      return run.state === 'completed' || run.state === 'failed' ? run : null;
    },
    { msMax: 60_000, otherwise: `run ${id} does not end` },
  );

test.for([
  { fault: 'is killed', comesBack: false },
  { fault: 'is stopped (SIGSTOP)', comesBack: true },
  { fault: 'has a half-open connection', comesBack: true },
])(
  'a worker that $fault longer than it may be silent loses its run; what it says late changes nothing',
  async ({ fault, comesBack }, { stage }) => {
    const { server, upstream, database } = await install(stage, cluster(), {
      models: [MODEL],
      environment: ENVIRONMENT,
    });
    const proxy = await startTcpProxy(stage, { host: '127.0.0.1', port: server.port });
    const enrollmentKey = await makeEnrollmentKey(server);
    const options = { enrollmentKey, models: [MODEL.name] };
    const lost = startWorker(stage, {
      ...options,
      url: `http://127.0.0.1:${proxy.port}`,
      name: 'lost',
      environment: { HEARTBEAT_INTERVAL: '500ms' },
    });
    await lost.says(/session \d+/);
    await upstream.behave(MODEL.name, { latencyMs: 1_500 });
    const first = await submit(server);
    await upstream.reached(MODEL.name, 1);
    if (fault === 'is killed') await lost.kill();
    else if (comesBack && fault.includes('SIGSTOP')) lost.send('SIGSTOP');
    else proxy.freeze();

    const other = startWorker(stage, { ...options, url: server.url, name: 'other' });
    const run = await completed(server, first);
    expect(run).toMatchObject({ state: 'completed', worker_name: 'other' });
    // Two, or three: a poll that waits behind the half-open connection may be given the run once more.
    expect(run.attempt).toBeGreaterThan(1);
    if (!comesBack) return;

    // It comes back with a report of what it lost, and works on.
    lost.send('SIGCONT');
    proxy.thaw();
    await other.stop();
    await upstream.behave(MODEL.name, {});
    const second = await completed(server, await submit(server));
    expect(second).toMatchObject({ state: 'completed', worker_name: 'lost' });
    expect(await server.askWell(`/api/v1/runs/${first}`)).toMatchObject({
      state: 'completed',
      worker_name: 'other',
      output: run.output,
    });
    const [outcomes] = await query(database.adminUrl, 'select count(*)::int as n from outcome');
    expect(outcomes).toEqual({ n: 2 });
  },
);
