import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import type { FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { nameWorkers } from '../workers/worker-names.sql.ts';

type Row = Readonly<Record<string, unknown>>;

async function ask(replica: FleetFixture, query = ''): Promise<Readonly<Record<string, unknown>>> {
  const answer = await replica.call('GET', `/api/v1/fleet/audit${query}`, { as: 'read' });
  expect(answer.status).toBe(200);
  return answer.body;
}

const eventsIn = async (replica: FleetFixture, query = ''): Promise<Row[]> =>
  (await ask(replica, query))['events'] as Row[];

test('tells who registered, claimed and reported, each claim as an event of its own', async ({
  replica,
}) => {
  const [one, other] = [await replica.worker(), await replica.worker()];
  const runs = [await replica.submit(), await replica.submit()];
  const leases = await replica.claim(one);
  for (const { run_id, epoch } of leases) await replica.report(one, { run_id, epoch });
  await replica.call('POST', `/api/v1/fleet/workers/${other.id}/revoke`, { as: 'admin' });
  const claimed = await eventsIn(replica, '?event_type=run.claimed');
  expect(claimed).toHaveLength(2);
  expect(new Set(claimed.map(({ subject }) => subject))).toEqual(
    new Set(runs.map((id) => `run:${id}`)),
  );
  expect(claimed.map(({ worker_id: id }) => id)).toEqual([one.id, one.id]);
  const ofOne = await eventsIn(replica, `?worker_id=${one.id}`);
  expect(ofOne.map((event) => event['event_type'])).toEqual([
    'run.reported',
    'run.reported',
    'run.claimed',
    'run.claimed',
    'worker.registered',
  ]);
  const ofOther = await eventsIn(replica, `?worker_id=${other.id}`);
  expect(ofOther.map((event) => event['event_type'])).toEqual([
    'worker.revoked',
    'worker.registered',
  ]);
  const keys = await eventsIn(replica, '?event_type=enrollment_key.created');
  expect(keys).toHaveLength(2);
});

test('a page goes on in the middle of a batch, and nothing is told twice or left out', async ({
  replica,
}) => {
  const worker = await replica.worker();
  for (let n = 0; n < 7; n += 1) await replica.submit();
  await replica.claim(worker);
  const whole = await eventsIn(replica);
  const pieces: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Row = await ask(replica, `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
    pieces.push(...(page['events'] as Row[]));
    cursor = page['next_cursor'] as string | null;
  } while (cursor !== null);
  expect(pieces).toEqual(whole);
  expect(whole.filter((event) => event['event_type'] === 'run.claimed')).toHaveLength(7);
});

test('is its organization’s alone; a type that is none is named', async ({
  replica,
  replicaWith,
  db,
}) => {
  await replica.worker();
  const stranger = replicaWith({ tenant: await makeTenant(db) });
  expect(await eventsIn(stranger)).toEqual([]);
  const wrong = await replica.call('GET', '/api/v1/fleet/audit?event_type=nonsense', {
    as: 'read',
  });
  expect(wrong.status).toBe(400);
  expect(String(wrong.body['detail'])).toContain('run.claimed');
  expect(await nameWorkers(db, [])).toEqual(new Map());
});

test('a run that ran too long, or was taken away, is told of its worker; one in the queue of none', async ({
  replica,
}) => {
  const worker = await replica.worker();
  const deadline = () => new Date(Date.now() + 400).toISOString();
  const running = await replica.submit({ deadline: deadline() });
  expect(await replica.claim(worker, { slots: 1 })).toHaveLength(1);
  const queued = await replica.submit({ deadline: deadline() });
  await expect
    .poll(
      async () => {
        await replica.run('fleet.supervise');
        return (await eventsIn(replica, '?event_type=run.timeout')).length;
      },
      { timeout: 10_000 },
    )
    .toBe(2);
  const taken = await replica.submit();
  expect(await replica.claim(worker, { slots: 1 })).toHaveLength(1);
  await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/revoke`, { as: 'admin' });
  const all = await eventsIn(replica, '?event_type=run.timeout');
  const workerOf = Object.fromEntries(
    all.map((event) => [String(event['subject']), event['worker_id']]),
  );
  expect(workerOf).toEqual({
    [`run:${running}`]: worker.id,
    [`run:${queued}`]: null,
    [`run:${taken}`]: worker.id,
  });
  const ofOne = await eventsIn(replica, `?event_type=run.timeout&worker_id=${worker.id}`);
  expect(new Set(ofOne.map(({ subject }) => subject))).toEqual(
    new Set([`run:${running}`, `run:${taken}`]),
  );
});

test('a batch of more than 200 is one event that says how many, and no worker’s', async ({
  db,
  tenant,
  replica,
}) => {
  const worker = await replica.worker();
  const { orgId } = tenant;
  const ids = Array.from({ length: 201 }, (_, n) => `run-${n}`);
  await inTenant(db, [orgId], (tx) =>
    sql`select fleet_record(${orgId}, 'run.claimed', ${ids}::text[], 'd',
      array_fill((select num from worker where id = ${worker.id}), array[201]))`.execute(tx),
  );
  expect(await eventsIn(replica, '?event_type=run.claimed')).toMatchObject([
    { subject: null, worker_id: null, details: { count: 201, first: 'run-0', last: 'run-200' } },
  ]);
  expect(await eventsIn(replica, `?event_type=run.claimed&worker_id=${worker.id}`)).toEqual([]);
});
