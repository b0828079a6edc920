import { inTenant, sql, type Tx } from '@sagewai/postgres';
import { holdTransaction } from '@sagewai/testing';
import { expect } from 'vitest';

import { aStep, type DecisionFixture, type Held } from './decision-fixture.ts';
import { decisionTest as test } from './decision-test.ts';

interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function running(replica: DecisionFixture): Promise<Held> {
  const worker = await replica.worker();
  await replica.submit();
  return replica.claim(worker);
}

async function fail(replica: DecisionFixture, held: Held): Promise<void> {
  const body = { run_id: held.runId, epoch: held.epoch, status: 'failed' };
  await replica.call('POST', '/api/v1/fleet/report', held.worker, body);
}

/** Reads until the stream closes, or `isEnough`; null: there is nothing more to come back for. */
async function open(
  url: string,
  lastId: string,
  isEnough: (frames: readonly Frame[]) => boolean = () => false,
): Promise<Frame[] | null> {
  const headers = { authorization: 'Bearer read', ...(lastId ? { 'last-event-id': lastId } : {}) };
  const answer = await fetch(url, { headers });
  if (answer.status === 204) return null;
  expect(answer.status).toBe(200);
  let text = '';
  for await (const bytes of answer.body ?? []) {
    text += new TextDecoder().decode(bytes);
    if (isEnough(framesOf(text))) break;
  }
  return framesOf(text);
}

function framesOf(text: string): Frame[] {
  const frames = text.split('\n\n').slice(0, -1);
  return frames.flatMap((frame) => {
    const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(frame) ?? [];
    if (id === undefined || event === undefined || data === undefined) return [];
    return [{ id, event, data: JSON.parse(data) as Frame['data'] }];
  });
}

const keysOf = (frames: readonly Frame[] | null) =>
  frames?.filter(({ event }) => event === 'node').map(({ data }) => data['key']);

test('a timeline is streamed live, goes on after what was received, and ends with the run', async ({
  replicaWith,
}) => {
  const replica = replicaWith({});
  const held = await running(replica);
  const origin = await replica.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `${origin}/api/v1/runs/${held.runId}/timeline/stream`;
  await replica.write(held, aStep('one'), aStep('two'));
  const first = await open(url, '', (frames) => frames.length >= 2);
  expect(keysOf(first)?.slice(0, 2)).toEqual(['one#0', 'two#0']);
  // The connection broke after the first; the second is told again, and what comes after it as it happens.
  const live = open(url, String(first?.[0]?.id));
  await replica.write(held, aStep('three'));
  await fail(replica, held);
  const rest = (await live) ?? [];
  expect(keysOf(rest)).toEqual(['two#0', 'three#0']);
  expect(rest.at(-1)).toMatchObject({ event: 'end', data: { state: 'failed', calls: 0 } });
  expect(await open(url, String(rest.at(-1)?.id))).toBeNull();
  const missing = `${origin}/api/v1/runs/0199aaaa-0000-7000-8000-000000000001/timeline/stream`;
  const headers = { authorization: 'Bearer read' };
  expect((await fetch(missing, { headers })).status).toBe(404);
  const garbled = await fetch(url, { headers: { ...headers, 'last-event-id': 'x' } });
  expect(garbled.status).toBe(400);
});

test('T1: a timeline does not end before the calls that are over are told', async ({
  replica,
  db,
  tenant,
}) => {
  const held = await running(replica);
  const at = `/api/v1/runs/${held.runId}/timeline`;
  const insert = (tx: Tx, n: number, state: string) =>
    sql`
    insert into tool_call (org_id, id, project_id, tool_id, tool_name, tool_version, tool_digest, mode, key, run_id,
                           state, arguments_digest, sealed_key, arguments_sealed, attempt, requested_by, due_at,
                           ended_at, ended_xid)
    values (${tenant.orgId}, gen_random_uuid(), ${tenant.projectId}, gen_random_uuid(), ${`tool ${n}`}, 1, '',
            'network', sha256(${String(n)}::text::bytea), ${held.runId}, ${state}, '', '', '', 1, 't',
            case when ${state} = 'running' then app_now() end,
            case when ${state} = 'running' then null else app_now() end,
            case when ${state} = 'running' then null else pg_current_xact_id() end)
  `.execute(tx);
  const read = async () => (await replica.call('GET', at, 'read')).body;
  {
    await using _open = await holdTransaction(db, [tenant.orgId], (tx) => insert(tx, 1, 'unknown'));
    await inTenant(db, [tenant.orgId], (tx) => insert(tx, 2, 'failed'));
    await fail(replica, held);
    expect(await read()).toMatchObject({ nodes: [], state: 'failed', is_end: false });
  }
  await expect
    .poll(read, { timeout: 30_000 })
    .toMatchObject({ nodes: [{ tool: 'tool 2' }], is_end: true });
  await inTenant(db, [tenant.orgId], (tx) => insert(tx, 3, 'running'));
  expect(await read()).toMatchObject({ is_end: false });
});
