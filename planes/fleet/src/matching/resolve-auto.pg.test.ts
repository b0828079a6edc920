import type { ClassifiedRequest } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';
import type { ChooseTier } from './resolve-auto.ts';

/** Every other request is for the small model; what was asked is remembered. */
function tiers(targets: readonly { model: string; pool: string | null }[]) {
  const asked: ClassifiedRequest[] = [];
  const chooseTier: ChooseTier = async (_, request) => {
    asked.push(request);
    return targets.length === 0 ? null : { targets };
  };
  return { asked, chooseTier };
}

const submit = (replica: { call: Function }, body: object) =>
  replica.call('POST', '/api/v1/runs', { as: 'write', body });

describe('a run that leaves its model or its pool to how complex it seems', () => {
  test('gets what its tier has, and is matched by it', async ({ replicaWith }) => {
    const { asked, chooseTier } = tiers([{ model: 'gpt-4o', pool: 'gpu' }]);
    const replica = replicaWith({ chooseTier });
    const payload = { agent: { name: 'a', system: 'Be kind.', tools: [{}] }, message: 'fix it' };
    const both = await submit(replica, { payload, model: 'auto', pool: 'auto' });
    expect(both).toMatchObject({ status: 201, body: { model: 'gpt-4o', pool: 'gpu' } });
    expect(asked).toEqual([
      { messages: [{ role: 'user', content: 'fix it' }], system: 'Be kind.', tools: [{}] },
    ]);
    const model = await submit(replica, { payload, model: 'auto' });
    expect(model.body).toMatchObject({ model: 'gpt-4o', pool: 'default' });
    const pool = await submit(replica, { payload, model: 'm', routing: { worker_pool: 'auto' } });
    expect(pool.body).toMatchObject({ model: 'm', pool: 'gpu' });
    const plain = await submit(replica, { payload, model: 'm', pool: 'cpu' });
    expect(plain.body).toMatchObject({ model: 'm', pool: 'cpu' });
    expect(asked).toHaveLength(3);
    const worker = await replica.worker({ pool: 'gpu', models: ['gpt-4o'] });
    expect((await replica.claim(worker)).map(({ run_id }) => run_id)).toEqual([both.body['id']]);
  });

  test('is judged by its messages, or by all of its payload', async ({ replicaWith }) => {
    const { asked, chooseTier } = tiers([{ model: 'm', pool: null }]);
    const replica = replicaWith({ chooseTier });
    const messages = [{ role: 'user', content: 'hello' }];
    await submit(replica, { payload: { messages, system: 's' }, model: 'auto' });
    await submit(replica, { payload: { text: 'design' }, pool: 'auto', model: 'auto' });
    expect(asked).toEqual([
      { messages, system: 's', tools: undefined },
      {
        messages: [{ role: 'user', content: '{"text":"design"}' }],
        system: undefined,
        tools: undefined,
      },
    ]);
  });

  test('is refused where the project has no tiers, and where nobody can read it', async ({
    replicaWith,
    tenant,
  }) => {
    const none = replicaWith({ chooseTier: tiers([]).chooseTier });
    const refused = await submit(none, { payload: {}, model: 'auto' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(String(refused.body['detail'])).toContain('sagewai models tiers set');
    const replica = replicaWith({ chooseTier: tiers([{ model: 'm', pool: null }]).chooseTier });
    const routing = `/api/v1/fleet/projects/${tenant.projectId}/routing`;
    await replica.call('PUT', routing, { as: 'admin', body: { model: 'auto', pool: 'auto' } });
    const byDefault = await submit(replica, { payload: {} });
    expect(byDefault.body).toMatchObject({ model: 'm', pool: 'default' });
  });
});
