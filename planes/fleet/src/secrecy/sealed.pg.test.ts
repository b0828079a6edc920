import { makeHpkeKeyPair, sealKeyText, sealPayload } from '@sagewai/seal';
import { describe, expect } from 'vitest';

import type { FixtureTenant } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const pairs = [0, 1, 2].map(makeHpkeKeyPair);
const [one = '', other = '', third = ''] = pairs.map(sealKeyText);
const submitter = makeHpkeKeyPair();

function sealedFor(recipients: string[], { orgId, projectId }: FixtureTenant) {
  const of = { organizationId: orgId, projectId };
  const sealed = sealPayload({ message: 'x' }, { ...of, recipients, submitter });
  if (!sealed) throw new Error('not sealed');
  return sealed;
}

describe('a run with a sealed payload', () => {
  test('goes to the workers that it is sealed for, and to no other (Z1)', async ({
    replica,
    tenant,
  }) => {
    const run = await replica.submit({ payload: sealedFor([one, other], tenant) });
    for (const declared of [
      {},
      { seal_key: third },
      // Nobody has a key by calling a label so.
      { labels: { 'sagewai.seal_key': one } },
    ]) {
      expect(await replica.claim(await replica.worker(declared))).toEqual([]);
    }
    const [lease] = await replica.claim(await replica.worker({ seal_key: other }));
    expect(lease?.run_id).toBe(run);
  });

  test('finds a worker that has waited since before anything was sealed for it', async ({
    replica,
    tenant,
  }) => {
    const workers = [
      await replica.worker({ seal_key: one }),
      await replica.worker({ seal_key: other }),
    ];
    const polls = workers.map(async (worker) => {
      // As a worker does: an empty answer is followed by the next poll.
      for (;;) {
        const leases = await replica.claim(worker, { slots: 1, poll_timeout: 60 });
        if (leases.length > 0) return leases.map(({ run_id }) => run_id);
      }
    });
    // Both wait by the time that this is stored.
    await replica.submit({ pool: 'elsewhere' });
    const run = await replica.submit({ payload: sealedFor([other], tenant) });
    expect(await polls[1]).toEqual([run]);
    const second = await replica.submit({ payload: sealedFor([one], tenant) });
    expect(await polls[0]).toEqual([second]);
  });

  test('is refused when its envelope is broken, or of another project', async ({
    replica,
    tenant,
  }) => {
    const { sealed } = sealedFor([one], tenant);
    const foreign = { ...tenant, projectId: tenant.orgId as string as typeof tenant.projectId };
    for (const payload of [
      { sealed: { ...sealed, recipients: [] } },
      { sealed, message: 'and in clear' },
      sealedFor([one], foreign),
    ]) {
      const answer = await replica.call('POST', '/api/v1/runs', { as: 'write', body: { payload } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
      expect(String(answer.body['detail'])).toMatch(/^payload\/sealed/);
    }
  });

  test('that nobody can open says so', async ({ replica, tenant }) => {
    await replica.worker({ seal_key: third });
    const run = await replica.submit({ payload: sealedFor([one], tenant) });
    const { body } = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
    expect(JSON.stringify(body)).toContain('the payload is not sealed for a key that it has');
  });
});

test('the keys to seal for are those of the live workers that may have the run', async ({
  replica,
  tenant,
}) => {
  const keyed = async (name: string, declared: Record<string, unknown>) =>
    replica.worker({ name, ...declared });
  await keyed('a', { seal_key: one, models: ['gpt-4o'] });
  await keyed('b', { seal_key: one, models: ['gpt-4o'] });
  await keyed('c', { seal_key: other, models: ['gpt-4o'], pool: 'gpu' });
  await keyed('d', { seal_key: third });
  const worker = await keyed('e', { models: ['gpt-4o'] });
  const listed = await replica.call('GET', '/api/v1/seal-recipients?model=openai/gpt-4o', {
    as: 'write',
  });
  expect(listed).toEqual({
    status: 200,
    body: {
      organization_id: tenant.orgId,
      project_id: tenant.projectId,
      pool: 'default',
      recipients: [{ key: one, workers: ['a', 'b'] }],
      without_key: 1,
    },
  });
  const { body } = await replica.call('GET', '/api/v1/fleet/workers', { as: 'read' });
  const keys = (body['workers'] as { name: string; seal_key: string | null }[]).map(
    ({ name, seal_key }) => [name, seal_key],
  );
  expect(Object.fromEntries(keys)).toEqual({ a: one, b: one, c: other, d: third, e: null });
  expect(worker.id).toBeTruthy();
});
