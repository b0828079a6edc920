import { Worker } from 'node:worker_threads';

import { scriptedFleet } from '@sagewai/testing/scripted-fleet';
import { expect, onTestFinished, test } from 'vitest';

import { type FromHeartbeat, startHeartbeat } from './heartbeat.ts';
import type { Session } from './session.ts';

const SESSION = {
  status: 'approved',
  heartbeatIntervalMs: 20,
  token: () => 'wrt-1.x',
  renewing: null,
} as const;

test('beats on while the main thread is busy', async () => {
  const fleet = await scriptedFleet();
  const gate = new Int32Array(new SharedArrayBuffer(4));
  // Stands for a worker whose user code never yields: it starts a heartbeat and then blocks.
  const code = `
    import { workerData } from 'node:worker_threads';
    const { startHeartbeat } = await import(${JSON.stringify(new URL('heartbeat.ts', import.meta.url))});
    const session = { status: 'approved', heartbeatIntervalMs: 20, token: () => 'wrt-1.x', renewing: null };
    const heartbeat = startHeartbeat(session, { url: workerData.url, serverTls: {} }, () => undefined);
    Atomics.wait(workerData.gate, 0, 0, 20_000);
    await heartbeat.stop();
  `;
  const busy = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { url: fleet.url, gate },
  });
  const exited = new Promise((resolve) => void busy.once('exit', resolve));
  onTestFinished(async () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await exited;
  });
  await fleet.reached('fleet.heartbeat', 5);
  expect(Atomics.load(gate, 0)).toBe(0);
});

test('a beat without an answer is made up for long before the next is due', async () => {
  const fleet = await scriptedFleet();
  const beaten = Promise.withResolvers<void>();
  const seen: FromHeartbeat['kind'][] = [];
  fleet.on('fleet.heartbeat', (_, nth) =>
    nth === 1
      ? 'hang up'
      : {
          json: {
            ok: true,
            status: 'approved',
            session_epoch: 1,
            cancel: [],
            lost: [],
            heartbeat_interval_ms: 3_600_000,
          },
        },
  );
  const session = { ...SESSION, heartbeatIntervalMs: 3_600_000 } as unknown as Session;
  const heartbeat = startHeartbeat(session, { url: fleet.url, serverTls: {} }, ({ kind }) => {
    seen.push(kind);
    if (kind === 'beaten') beaten.resolve();
  });
  onTestFinished(() => heartbeat.stop());
  await beaten.promise;
  expect(seen).toEqual(['missed', 'beaten']);
});
