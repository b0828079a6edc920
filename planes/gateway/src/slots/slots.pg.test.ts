import { Secret } from '@sagewai/config';
import { newId } from '@sagewai/crypto';
import { sql } from '@sagewai/postgres';
import { databaseTest, makeTenant } from '@sagewai/testing';
import { describe, expect, onTestFinished } from 'vitest';

import { deploymentAt, startFakeUpstream, startGateway } from '../gateway-fixture.ts';
import type { SlotLimit } from '../keys/virtual-key.ts';
import { ask, curlAs, litellmTest as test, MASTER } from '../litellm/fixture.sql.ts';
import { keepMasterKey } from '../litellm/master-key.ts';
import { giveSlotsBack, takeSlots } from './slots.sql.ts';

describe('slots (M7)', () => {
  databaseTest('are taken of all or of none, never more than there are', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const of = (kind: SlotLimit['kind'], id: string, max: number): SlotLimit => ({ kind, id, max });
    const [key, team] = [of('key', 'k', 2), of('team', 't', 3)];
    const call = (...slots: SlotLimit[]) => ({ orgId, callId: newId(), slots });
    const both = Array.from({ length: 12 }, () => call(key, team));
    const answers = await Promise.all(both.map((one) => takeSlots(db, one, 60_000)));
    expect(answers.filter((full) => full === null)).toHaveLength(2);
    expect(answers.filter((full) => full?.kind === 'key')).toHaveLength(10);
    expect(await takeSlots(db, call(of('key', 'l', 9), team), 60_000)).toBeNull();
    const refused = call(of('key', 'm', 9), team);
    expect(await takeSlots(db, refused, 60_000)).toEqual(team);
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from call_slot where scope_id = 'm'
    `.execute(owner);
    expect(rows).toEqual([{ n: 0 }]);
    const held = both[answers.indexOf(null)];
    if (held === undefined) throw new Error('nobody has a slot');
    await giveSlotsBack(db, held);
    await giveSlotsBack(db, held);
    expect(await takeSlots(db, call(key, team), 60_000)).toBeNull();
  });

  databaseTest('end by themselves when nobody gives them back', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const slots: SlotLimit[] = [{ kind: 'key', id: 'k', max: 1 }];
    expect(await takeSlots(db, { orgId, callId: newId(), slots }, 200)).toBeNull();
    const next = { orgId, callId: newId(), slots };
    expect(await takeSlots(db, next, 60_000)).not.toBeNull();
    await expect.poll(() => takeSlots(db, next, 60_000), { timeout: 5_000 }).toBeNull();
    // What others left behind goes with whatever call comes next.
    const lost: SlotLimit[] = [{ kind: 'key', id: 'gone', max: 1 }];
    expect(await takeSlots(db, { orgId, callId: newId(), slots: lost }, 1)).toBeNull();
    const any: SlotLimit[] = [{ kind: 'key', id: 'any', max: 99 }];
    const kept = async () => {
      await takeSlots(db, { orgId, callId: newId(), slots: any }, 60_000);
      const { rows } = await sql`select from call_slot where scope_id = 'gone'`.execute(owner);
      return rows.length;
    };
    await expect.poll(kept, { timeout: 5_000 }).toBe(0);
  });
});

test('max_parallel_requests holds on all servers together, and a slot is free when its call has ended', async ({
  db,
  owner,
  tenant,
}) => {
  expect(tenant.orgId).toBeTruthy();
  const upstream = await startFakeUpstream();
  const release: (() => void)[] = [];
  upstream.answer = (_request, reply) => {
    release.push(() => {
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          choices: [],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      );
    });
  };
  const config = {
    deployments: [deploymentAt(upstream.url)],
    masterKey: keepMasterKey(new Secret(MASTER)),
    timeouts: { connectMs: 1_000, firstByteMs: 30_000, idleMs: 30_000, clientStallMs: 1_000 },
  };
  const [one, other] = [await startGateway(db, config), await startGateway(db, config)];
  onTestFinished(async () => {
    await Promise.all([one.close(), other.close()]);
    await upstream.close();
  });
  const curl = curlAs(one, MASTER);
  const { key } = (await curl('POST /key/generate', { max_parallel_requests: 1 })).body;
  const call = { ...ask, model: 'm' };
  const gone = new AbortController();
  const left = one.chat(key, { ...call, stream: true }, gone.signal).catch(() => null);
  await expect.poll(() => release.length, { timeout: 10_000 }).toBe(1);
  const refused = await other.chat(key, call);
  expect(refused.status).toBe(429);
  expect(await refused.text()).toContain('Max parallel requests');
  // A client that leaves gives its slot back too.
  gone.abort();
  await left;
  const held = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from call_slot`.execute(
      owner,
    );
    return rows[0]?.n ?? -1;
  };
  await expect.poll(held, { timeout: 15_000 }).toBe(0);
  for (const gateway of [other, one]) {
    const asked = release.length;
    const next = gateway.chat(key, call);
    await expect.poll(() => release.length, { timeout: 15_000 }).toBe(asked + 1);
    expect(await held()).toBe(1);
    release.at(-1)?.();
    expect((await next).status).toBe(200);
  }
  await expect.poll(held, { timeout: 15_000 }).toBe(0);
});
