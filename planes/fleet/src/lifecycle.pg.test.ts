import { databaseTest as base, makeTenant, type Tenant } from '@sagewai/testing';
import { describe, expect, type TestAPI } from 'vitest';

import { FleetFixture } from './fleet-fixture.ts';

const test = base.extend<{ tenant: Tenant; replica: FleetFixture }>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
  replica: async ({ db, dispatch, tenant }, use) => {
    const replica = new FleetFixture({ db, dispatch, tenant });
    await use(replica);
    await replica.close();
  },
}) as TestAPI<{ tenant: Tenant; replica: FleetFixture }>;

describe('the life of a run', () => {
  test('is queued, running and completed, with its payload and output unchanged', async ({
    replica,
    tenant,
  }) => {
    const worker = await replica.worker({ models: ['ollama/llama3.1:70b'] });
    const payload = { agent: { name: 'a' }, message: 'zero \u0000 and \ud800, é' };
    const run = await replica.submit({ payload, model: 'LLAMA3.1-70b', labels: {} });
    expect(await replica.state(run)).toBe('queued');

    const [lease] = await replica.claim(worker);
    expect(lease).toMatchObject({
      run_id: run,
      org_id: tenant.orgId,
      project_id: tenant.projectId,
      pool: 'default',
      model: 'LLAMA3.1-70b',
      payload,
      worker_id: worker.id,
      attempt: 1,
      max_attempts: 3,
      deadline: null,
    });
    expect(await replica.state(run)).toBe('running');

    const output = { text: 'done \u0000' };
    const answer = await replica.report(worker, { run_id: run, epoch: lease?.epoch, output });
    expect(answer).toEqual({
      status: 200,
      body: { status: 'ok', requeued: false, repeated: false },
    });
    const { body } = await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(body).toMatchObject({ state: 'completed', output, payload, worker_id: worker.id });
    const task = await replica.call('GET', `/api/v1/fleet/tasks/${run}`, { as: 'read' });
    expect(task.body).toMatchObject({ run_id: run, status: 'completed', model: 'llama3.1-70b' });
  });
});
