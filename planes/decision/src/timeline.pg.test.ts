import { sql } from '@sagewai/postgres';
import { inTenant } from '@sagewai/postgres';
import { expect, vi } from 'vitest';

import { aStep, type DecisionFixture, type Held } from './decision-fixture.ts';
import { decisionTest as test } from './decision-test.ts';

async function running(replica: DecisionFixture, payload: object = {}): Promise<Held> {
  const worker = await replica.worker();
  await replica.submit(payload);
  return replica.claim(worker);
}

const list = (answer: { body: Readonly<Record<string, unknown>> }, name: string) =>
  answer.body[name] as Record<string, unknown>[];

test('a timeline is read by cursor, has each change once, and ends with the run', async ({
  replica,
}) => {
  const held = await running(replica);
  const at = `/api/v1/runs/${held.runId}/timeline`;
  const begun = aStep('two', { state: 'running', ended_at: undefined, result: undefined });
  await replica.write(held, aStep('one'));
  await replica.write(held, begun);
  const first = await replica.call('GET', `${at}?limit=1`, 'read');
  expect(first.body).toMatchObject({ state: 'running', is_end: false, cost_usd: '0', calls: 0 });
  expect(list(first, 'nodes')).toMatchObject([{ node: 'step', key: 'one#0' }]);
  const next = String(first.body['next']);
  const second = await replica.call('GET', `${at}?cursor=${next}`, 'read');
  expect(list(second, 'nodes')).toMatchObject([{ key: 'two#0', state: 'running' }]);
  // Whoever waits is answered as soon as there is more.
  const more = replica.call(
    'GET',
    `${at}?cursor=${String(second.body['next'])}&wait_ms=20000`,
    'read',
  );
  await replica.write(held, aStep('two'));
  expect(list(await more, 'nodes')).toMatchObject([{ key: 'two#0', state: 'completed' }]);
  const { runId: run_id, epoch } = held;
  await replica.call('POST', '/api/v1/fleet/report', held.worker, {
    run_id,
    epoch,
    status: 'failed',
  });
  const end = await replica.call(
    'GET',
    `${at}?cursor=${String((await more).body['next'])}`,
    'read',
  );
  expect(end.body).toMatchObject({ nodes: [], is_end: true, state: 'failed' });
  expect(list(end, 'attempts')).toMatchObject([{ attempt: 1, epoch }]);
  expect((await replica.call('GET', `${at}?cursor=x`, 'read')).status).toBe(400);
  const missing = '/api/v1/runs/0199aaaa-0000-7000-8000-000000000001/timeline';
  expect((await replica.call('GET', missing, 'read')).status).toBe(404);
});

test('a page of 20,000 steps, and of calls, is found by an index', async ({
  replica,
  db,
  tenant,
  owner,
}) => {
  const held = await running(replica);
  await replica.write(held, aStep('one'));
  await inTenant(db, [tenant.orgId], async (tx) => {
    await sql`
      insert into run_step (run_id, org_id, name, ordinal, seq, change, kind, state, is_final, tries, started_at,
                            ended_at, attempt, epoch)
      select ${held.runId}, ${tenant.orgId}, 'many', n, n + 1, n + 1, 'step', 'completed', false, 1, app_now(),
             app_now(), 1, ${held.epoch}
      from generate_series(1, 20000) as n
    `.execute(tx);
  });
  await sql`analyze run_step`.execute(owner);
  const plan = await inTenant(db, [tenant.orgId], async (tx) => {
    const steps = await sql<{ 'QUERY PLAN': string }>`
      explain select * from run_step where run_id = ${held.runId} and change > 15000 order by change limit 200
    `.execute(tx);
    return steps.rows.map((row) => row['QUERY PLAN']).join(' ');
  });
  expect(plan).toMatch(/Index Scan using run_step_\w*change_idx/);
  expect(plan).not.toMatch(/Seq Scan|Sort/);
  const at = `/api/v1/runs/${held.runId}/timeline?cursor=19900&limit=1000`;
  expect(list(await replica.call('GET', at, 'read'), 'nodes')).toHaveLength(101);
});

test('a run of a project that is being deleted is not replayed', async ({ replica, owner }) => {
  const held = await running(replica, { workflow: 'w', input: { n: 1 } });
  const at = `/api/v1/runs/${held.runId}/replay`;
  await sql`update project set deleting_at = app_now()`.execute(owner);
  expect((await replica.call('POST', at, 'write', {})).status).toBe(404);
  await sql`update project set deleting_at = null`.execute(owner);
  expect((await replica.call('POST', at, 'write', {})).status).toBe(201);
});

test('a replay begins with what had finished before a step, and with another input', async ({
  replica,
}) => {
  const held = await running(replica, { workflow: 'w', input: { n: 1 } });
  await replica.write(held, aStep('one'), aStep('two', { result: 'x'.repeat(20_000) }));
  await replica.write(
    held,
    aStep('three'),
    aStep('four', { state: 'waiting', ended_at: undefined }),
  );
  const at = `/api/v1/runs/${held.runId}/replay`;
  const again = await replica.call('POST', at, 'write', { from: 'three', input: { n: 2 } });
  expect(again).toMatchObject({ status: 201, body: { replay_of: held.runId, steps: 2 } });
  const id = String(again.body['id']);
  const timeline = await replica.call('GET', `/api/v1/runs/${id}/timeline`, 'read');
  expect(list(timeline, 'nodes')).toMatchObject([{ key: 'one#0', epoch: 0 }, { key: 'two#0' }]);
  const [journal, source] = [await replica.read(id), await replica.read(held.runId)];
  expect(journal.body).toMatchObject({
    seed: held.runId,
    started_at: source.body['started_at'],
    replay_of: held.runId,
  });
  expect(list(journal, 'steps')).toMatchObject([
    { name: 'one', result: 'one is done', attempt: 0 },
    { name: 'two', result: 'x'.repeat(20_000) },
  ]);
  const run = await replica.call('GET', `/api/v1/runs/${id}`, 'read');
  expect(run.body).toMatchObject({ state: 'queued', payload: { workflow: 'w', input: { n: 2 } } });
  const claimed = await replica.claim(await replica.worker());
  expect(claimed.runId).toBe(id);
  expect(await replica.write(claimed, aStep('three'))).toMatchObject({ body: { change: 3 } });
  expect(await replica.call('POST', at, 'write', { from: 'nine' })).toMatchObject({ status: 404 });
  expect(journal.body).toMatchObject({ format: 1 });
  const whole = await replica.call('POST', at, 'write', {});
  expect(whole).toMatchObject({ status: 201, body: { steps: 0 } });
  expect((await replica.call('POST', at, 'read', {})).status).toBe(403);
});

test('calls of tools stand in the timeline once they are over, by their own cursor', async ({
  replica,
  db,
  tenant,
}) => {
  const held = await running(replica);
  await replica.write(held, aStep('one'));
  const end = (n: number, state: string) =>
    inTenant(db, [tenant.orgId], (tx) =>
      sql`
        insert into tool_call (org_id, id, project_id, tool_id, tool_name, tool_version, tool_digest, mode, key, run_id,
                               step, state, arguments_digest, sealed_key, arguments_sealed, result_digest, attempt,
                               requested_by, ended_at, ended_xid)
        values (${tenant.orgId}, gen_random_uuid(), ${tenant.projectId}, gen_random_uuid(), ${`tool ${n}`}, 1, '',
                'network', sha256(${String(n)}::text::bytea), ${held.runId}, ${`${held.runId}:one#0`}, ${state}, '', '',
                '', 'd', 1, 't', app_now(), pg_current_xact_id())
      `.execute(tx),
    );
  await end(1, 'completed');
  const at = `/api/v1/runs/${held.runId}/timeline`;
  // An end is told once no transaction of the cluster is older, those of other databases included.
  const readOnceThere = (query: string, count: number) =>
    vi.waitFor(async () => {
      const page = await replica.call('GET', `${at}${query}`, 'read');
      expect(list(page, 'nodes')).toHaveLength(count);
      return page;
    }, 30_000);
  const first = await readOnceThere('', 2);
  expect(list(first, 'nodes')).toMatchObject([
    { node: 'step', key: 'one#0' },
    { node: 'tool', tool: 'tool 1', state: 'completed', step: 'one#0', attempts: 1 },
  ]);
  await end(2, 'unknown');
  const next = encodeURIComponent(String(first.body['next']));
  const second = await readOnceThere(`?cursor=${next}`, 1);
  expect(list(second, 'nodes')).toMatchObject([{ tool: 'tool 2', state: 'unknown' }]);
  const last = encodeURIComponent(String(second.body['next']));
  expect(list(await replica.call('GET', `${at}?cursor=${last}`, 'read'), 'nodes')).toEqual([]);
});
