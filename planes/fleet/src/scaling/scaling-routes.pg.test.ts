import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';

const METRICS_API = '/api/v1/fleet/metrics-api';
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1';

describe('the metrics-api answer', () => {
  test('tells the first run of an empty queue before the next count, and 0 before it', async ({
    replica,
  }) => {
    const ask = async (): Promise<Readonly<Record<string, unknown>>> =>
      (await replica.call('GET', `${METRICS_API}?pool=gpu&model=m`, { as: 'read' })).body;
    expect(await ask()).toEqual({
      pool: 'gpu',
      model: 'm',
      pending_runs: 0,
      blocked_by_quota: 0,
      unmatchable: 0,
      oldest_age_seconds: 0,
      active_runs: 0,
      needed_slots: 0,
      workers: 0,
      slots: 0,
    });
    await replica.submit({ pool: 'gpu', model: 'm' });
    await replica.submit({ pool: 'cpu', model: 'm' });
    expect(await ask()).toMatchObject({ pending_runs: 1, needed_slots: 1 });
  });

  test('tells apart what no worker can serve, and who works', async ({ replica }) => {
    const worker = await replica.worker({ models: ['m'], max_concurrent: 3 });
    await replica.submit({ model: 'm' });
    await replica.submit({ model: 'm', labels: { region: 'mars' } });
    await replica.submit({ model: 'm' });
    await replica.claim(worker, { slots: 1 });
    await replica.run('fleet.count');
    const { body } = await replica.call('GET', METRICS_API, { as: 'read' });
    expect(body).toMatchObject({
      pending_runs: 2,
      unmatchable: 1,
      active_runs: 1,
      needed_slots: 3,
      workers: 1,
      slots: 3,
    });
  });

  test('a worker that is silent, or was asked to go, serves nothing', async ({
    replica,
    owner,
    tenant,
  }) => {
    const worker = await replica.worker();
    await replica.submit();
    const unmatchable = async (): Promise<unknown> => {
      await replica.run('fleet.count');
      return (await replica.call('GET', METRICS_API, { as: 'read' })).body['unmatchable'];
    };
    expect(await unmatchable()).toBe(0);
    await replica.call('GET', `/api/v1/fleet/workers/${worker.id}/safe-to-remove?drain=true`, {
      as: 'admin',
    });
    expect(await unmatchable()).toBe(1);
    await replica.call('GET', `/api/v1/fleet/workers/${worker.id}/safe-to-remove?drain=false`, {
      as: 'admin',
    });
    expect(await unmatchable()).toBe(0);
    await inTenant(owner, [tenant.orgId], (tx) =>
      sql`update worker_session set last_seen_at = app_now() - interval '6 minutes'`.execute(tx),
    );
    expect(await unmatchable()).toBe(1);
  });

  test('another organization sees nothing of it', async ({ replica, replicaWith, db }) => {
    await replica.submit({ pool: 'gpu' });
    await replica.run('fleet.count');
    const other = replicaWith({ tenant: await makeTenant(db) });
    const { body } = await other.call('GET', METRICS_API, { as: 'read' });
    expect(body).toMatchObject({ pending_runs: 0, workers: 0 });
    const text = await other.app.inject({
      url: `${METRICS_API}/prometheus`,
      headers: { authorization: 'Bearer read' },
    });
    expect(text.payload).not.toContain('gpu');
  });

  test('in the Prometheus form each line is a valueLocation, with 0 for what was named', async ({
    replica,
  }) => {
    await replica.submit({ pool: 'gpu "1"', model: 'M' });
    await replica.run('fleet.count');
    const read = async (query = ''): Promise<string> => {
      const answer = await replica.app.inject({
        url: `${METRICS_API}/prometheus${query}`,
        headers: { authorization: 'Bearer read' },
      });
      expect(answer.headers['content-type']).toContain('text/plain');
      return answer.payload;
    };
    expect(await read()).toContain('sagewai_pending_runs{pool="gpu \\"1\\"",model="m"} 1\n');
    expect(await read('?pool=never')).toContain('sagewai_pending_runs{pool="never",model="*"} 0\n');
  });
});

describe('external metrics for Kubernetes', () => {
  test('are discovered as the aggregator does it', async ({ replica }) => {
    const read = async (url: string): Promise<unknown> =>
      (await replica.call('GET', url, { as: 'read' })).body;
    expect(await read('/apis')).toMatchObject({
      kind: 'APIGroupList',
      groups: [{ name: 'external.metrics.k8s.io' }],
    });
    const groupVersion = 'external.metrics.k8s.io/v1beta1';
    expect(await read('/apis/external.metrics.k8s.io')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'external.metrics.k8s.io',
      versions: [{ groupVersion, version: 'v1beta1' }],
      preferredVersion: { groupVersion, version: 'v1beta1' },
    });
    expect(await read(EXTERNAL)).toMatchObject({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion,
      resources: expect.arrayContaining([
        {
          name: 'sagewai_pending_runs',
          singularName: '',
          namespaced: true,
          kind: 'ExternalMetricValueList',
          verbs: ['get'],
        },
      ]),
    });
  });

  test('answers what the selector names, and 0 for a queue that never was', async ({ replica }) => {
    await replica.submit({ pool: 'gpu', model: 'm' });
    await replica.submit({ pool: 'cpu', model: 'm' });
    await replica.run('fleet.count');
    const items = async (selector: string): Promise<unknown> => {
      const query = `labelSelector=${encodeURIComponent(selector)}`;
      const url = `${EXTERNAL}/namespaces/prod/sagewai_pending_runs?${query}`;
      const { status, body } = await replica.call('GET', url, { as: 'read' });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'ExternalMetricValueList',
        apiVersion: 'external.metrics.k8s.io/v1beta1',
        metadata: {},
      });
      return body['items'];
    };
    const item = (pool: string, model: string, value: string): unknown => ({
      metricName: 'sagewai_pending_runs',
      metricLabels: { pool, model },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      value,
    });
    expect(await items('pool=gpu')).toEqual([item('gpu', 'm', '1')]);
    expect(await items('pool in (gpu,cpu)')).toHaveLength(2);
    expect(await items('pool=new')).toEqual([item('new', '*', '0')]);
  });

  test('refuses what is no metric and no selector', async ({ replica }) => {
    const at = async (path: string): Promise<number> =>
      (await replica.call('GET', `${EXTERNAL}/namespaces/prod/${path}`, { as: 'read' })).status;
    expect(await at('nonsense')).toBe(404);
    expect(await at('sagewai_pending_runs?labelSelector=pool%20in%20gpu')).toBe(400);
  });
});
