import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const AT = '2026-01-01T00:00:00Z';
const engine = {
  engine_id: 'one',
  model_id: 'tiny',
  host: '127.0.0.1',
  port: 8001,
  state: 'STARTING',
  engine_kind: 'llm',
  created_at: AT,
  last_heartbeat: null,
  consecutive_failures: 0,
  active_requests: 0,
  metadata: {},
  origin: 'started',
  backend: 'vllm',
  restarts: 1,
  problem: null,
};

test('engines: started, registered, listed, stopped and forgotten', async () => {
  const { run, server } = await shell();
  server.on('engines.startEngine', () => ({
    json: { engine, ...engine, id: 'one', status: 'STARTING' },
  }));
  server.on('engines.registerEngine', () => ({ json: engine }));
  server.on('engines.listEngines', () => ({ json: { engines: [engine], count: 1 } }));
  server.on('engines.stopEngine', () => ({
    json: { engine_id: 'one', stopped: false, status: 'DRAINING', drained: true },
  }));
  server.on('engines.pruneEngines', () => ({ json: { pruned_count: 2, status: 'success' } }));
  server.on('engines.readGpus', () => ({ json: { gpus: [], count: 0 } }));

  const start = 'engines start tiny --backend vllm --label one --gpu --memory-gb 18';
  expect((await run(start)).out).toBe('one is STARTING');
  expect(server.asked('engines.startEngine')[0]?.body).toEqual({
    model_id: 'tiny',
    backend: 'vllm',
    engine_label: 'one',
    engine_kind: 'llm',
    use_gpu: true,
    required_memory_gb: 18,
  });
  await run('engines start tiny --fine-tune 0199aaaa-0000-7000-8000-000000000001 --of acme');
  expect(server.asked('engines.startEngine')[1]?.body).toMatchObject({
    fine_tune: { organization: 'acme', run_id: '0199aaaa-0000-7000-8000-000000000001' },
  });
  expect((await run('engines start tiny --of acme')).code).toBe(2);
  await run('engines register house llama --port 11434 --kind embedding');
  expect(server.asked('engines.registerEngine')[0]?.body).toMatchObject({
    host: '127.0.0.1',
    port: 11_434,
    engine_kind: 'embedding',
  });
  expect((await run('engines register house llama')).code).not.toBe(0);
  expect((await run('engines list')).out).toMatch(/one +tiny +127\.0\.0\.1:8001 +STARTING +1/);
  expect((await run('engines stop one --drain')).out).toBe('one is DRAINING');
  expect(server.asked('engines.stopEngine')[0]?.query).toMatchObject({ drain: 'true' });
  expect((await run('engines prune')).out).toBe('2 forgotten');
  expect((await run('engines gpu')).out).toContain('there are none');
});
