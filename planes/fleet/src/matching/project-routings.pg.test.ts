import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';
import { NO_ROUTING } from './project-routing.ts';
import { readProjectRouting, setProjectRouting } from './project-routings.sql.ts';

describe('the routing of a project', () => {
  test('is read as it was set last, and by no other organization', async ({ db, tenant }) => {
    const { orgId, projectId } = tenant;
    const routing = { labels: { __proto__x: "'; drop", region: 'eu' }, pool: 'gpu', model: null };
    const read = (org = orgId) => inTenant(db, [org], (tx) => readProjectRouting(tx, projectId));
    expect(await read()).toEqual(NO_ROUTING);
    for (const pool of ['cpu', 'gpu']) {
      await inTenant(db, [orgId], (tx) => setProjectRouting(tx, tenant, { ...routing, pool }));
    }
    expect(await read()).toEqual(routing);
    expect(await read((await makeTenant(db)).orgId)).toEqual(NO_ROUTING);
  });

  test('keeps every run of a pinned project from workers elsewhere', async ({
    replica,
    tenant,
  }) => {
    const url = `/api/v1/fleet/projects/${tenant.projectId}/routing`;
    const body = { labels: { region: 'eu' }, pool: 'gpu', model: 'gpt-4o' };
    expect(await replica.call('PUT', url, { as: 'admin', body })).toEqual({ status: 200, body });
    expect(await replica.call('GET', url, { as: 'read' })).toEqual({ status: 200, body });
    const models = ['gpt-4o'];
    const elsewhere = [
      await replica.worker({ pool: 'gpu', models, labels: { region: 'us' } }),
      await replica.worker({ pool: 'gpu', models }),
      await replica.worker({ pool: 'default', models }),
    ];
    const there = await replica.worker({ pool: 'gpu', models, labels: { region: 'eu', a: 'b' } });
    const runs = [
      await replica.submit(),
      await replica.submit({ labels: { a: 'b' } }),
      await replica.submit({ selectors: [{ label: 'region', op: 'exists' }] }),
    ];
    // What contradicts the pin is stored for nobody, or not at all.
    await replica.submit({ selectors: [{ label: 'region', op: 'eq', value: 'us' }] });
    const other = await replica.call('POST', '/api/v1/runs', {
      as: 'write',
      body: { payload: {}, labels: { region: 'us' } },
    });
    expect(other).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(JSON.stringify(other.body)).toContain('every run of the project requires it');
    for (const worker of elsewhere) expect(await replica.claim(worker)).toEqual([]);
    const leases = await replica.claim(there);
    expect(leases.map(({ run_id }) => run_id).toSorted()).toEqual(runs.toSorted());
    expect(leases[0]).toMatchObject({ model: 'gpt-4o', pool: 'gpu' });
  });

  test("is noticed by the other replicas, and is the administrator's to set", async ({
    replica,
    replicaWith,
    tenant,
    db,
  }) => {
    const there = replicaWith({});
    await there.submit();
    const url = `/api/v1/fleet/projects/${tenant.projectId}/routing`;
    const body = { labels: { region: 'eu' } };
    expect((await replica.call('PUT', url, { as: 'write', body })).status).toBe(403);
    expect((await replica.call('PUT', url, { as: 'admin', body })).status).toBe(200);
    const run = await there.submit();
    const answer = await there.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(answer.body['labels']).toEqual({ region: 'eu' });
    const missing = '/api/v1/fleet/projects/nothing/routing';
    expect(await replica.call('GET', missing, { as: 'read' })).toMatchObject({
      status: 404,
      body: { code: 'project.missing' },
    });
    const { projectId } = await makeTenant(db);
    const foreign = `/api/v1/fleet/projects/${projectId}/routing`;
    expect((await replica.call('GET', foreign, { as: 'read' })).status).toBe(404);
  });
});
