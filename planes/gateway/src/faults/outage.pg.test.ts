import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { checkLedger, setBudgets, UNLIMITED } from '@sagewai/ledger';
import { connect, type Db, inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect } from 'vitest';

import { heldInShares, spendOf, taggedCalls } from '../fixture.sql.ts';
import {
  deploymentAt,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { answer, ask } from '../routing/routing-fixture.ts';
import { type Cuttable, startCuttable } from './cuttable-fixture.ts';

const CENT = 10_000_000_000n;
const DOLLAR = 100n * CENT;
const OUTAGE = { openForMs: 30_000, keptMs: 60_000 };
const PATIENT = { timeout: 20_000 };
/** What is asked for meanwhile is taken from what is held. */
const UNHURRIED = { timeout: 20_000, interval: 250 };

interface World {
  readonly gateway: RunningGateway;
  readonly way: Cuttable;
  readonly upstream: Awaited<ReturnType<typeof startFakeUpstream>>;
  readonly tenant: { readonly orgId: OrganizationId; readonly projectId: ProjectId };
  readonly openKey: string;
  readonly closedKey: string;
  readonly openPusd: bigint;
}

async function inWorld(
  { db, url }: { readonly db: Db; readonly url: string },
  of: { readonly openPusd: bigint; readonly openForMs?: number; readonly limit?: bigint },
  work: (world: World) => Promise<void>,
): Promise<void> {
  const way = await startCuttable(url);
  const upstream = await startFakeUpstream();
  upstream.answer = (_, reply) => answer(reply, 200);
  const directory = await mkdtemp(join(tmpdir(), 'outage-'));
  const far = connect({ url: way.url, role: 'sagewai_request', maxConnections: 10 });
  const gateway = await startGateway(far, {
    deployments: [deploymentAt(upstream.url)],
    ledger: {
      shares: { listenUrl: null, ttlMs: 1_000 },
      journal: { directory, lookEveryMs: 50 },
      outage: { ...OUTAGE, ...of },
    },
  });
  const tenant = await makeTenant(db);
  const limits = { usdPerDay: of.limit ?? 100n * DOLLAR };
  await inTenant(db, [tenant.orgId], (tx) =>
    setBudgets(
      tx,
      { orgId: tenant.orgId, kind: 'project', id: tenant.projectId },
      { ...UNLIMITED, ...limits },
    ),
  );
  const openKey = await makeKey(db, tenant, { metadata: { on_outage: 'open' } });
  // Of an organization of its own: it takes nothing of what is held for the other.
  const closedKey = await makeKey(db, await makeTenant(db));
  try {
    await work({
      gateway,
      way,
      upstream,
      tenant,
      openKey: openKey.value,
      closedKey: closedKey.value,
      openPusd: of.openPusd,
    });
  } finally {
    way.mend();
    await gateway.close();
    await far.close();
    await upstream.close();
    await way.close();
    await rm(directory, { recursive: true });
  }
}

/** Calls until the database says that what an outage may take is held for the key. */
async function warm(world: World, owner: Db): Promise<void> {
  const { gateway, openKey, closedKey, tenant, openPusd } = world;
  expect((await gateway.chat(closedKey, ask)).status).toBe(200);
  await expect
    .poll(async () => {
      expect((await gateway.chat(openKey, ask)).status).toBe(200);
      return await heldInShares(owner, tenant.orgId);
    }, UNHURRIED)
    .toBeGreaterThan((openPusd * 3n) / 4n);
}

/** Until what was given to this server while it heard of the database is too old; the first call after that. */
async function untilOutage(gateway: RunningGateway, key: string): Promise<Response> {
  let last = await gateway.chat(key, ask);
  await expect
    .poll(async () => {
      if (last.headers.get('x-sagewai-outage') === null) last = await gateway.chat(key, ask);
      return last.headers.get('x-sagewai-outage');
    }, UNHURRIED)
    .toBe('open');
  return last;
}

test('while the database is away a key that is open spends what is held for it, and all of it is booked once (O1)', async ({
  db,
  owner,
  url,
}) => {
  await inWorld({ db, url }, { openPusd: DOLLAR }, async (world) => {
    const { gateway, way, upstream, openKey, closedKey, tenant } = world;
    await warm(world, owner);
    way.cut();
    const answers = [await untilOutage(gateway, openKey)];
    const before = upstream.asked.length;
    // For longer than keys, guardrails and tiers are known without being looked up again.
    for (let calls = 0; calls < 6; calls += 1) {
      await delay(500);
      answers.push(await gateway.chat(openKey, ask));
    }
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map(({ headers }) => headers.get('x-sagewai-outage'))).toEqual(
      answers.map(() => 'open'),
    );
    expect((await gateway.chat(closedKey, ask)).status).toBe(503);
    expect(upstream.asked).toHaveLength(before + 6);
    expect(await gateway.metrics()).toMatch(/sagewai_ledger_outage_calls_total 7\b/);
    way.mend();
    const ids = answers.map(({ headers }) => String(headers.get('x-litellm-call-id'))).toSorted();
    await expect
      .poll(async () => (await taggedCalls(owner, 'during_outage')).map(({ id }) => id), PATIENT)
      .toEqual(ids);
    expect(await spendOf(owner)).toHaveLength(upstream.asked.length);
    await expect.poll(() => checkLedger(db, [tenant.orgId]), PATIENT).toEqual([]);
  });
});

test('no more than the operator says is spent in an outage, however many call at once (O2)', async ({
  db,
  owner,
  url,
}) => {
  const openPusd = 2_000_000_000n;
  await inWorld({ db, url }, { openPusd }, async (world) => {
    const { gateway, way, upstream, openKey } = world;
    await warm(world, owner);
    way.cut();
    await untilOutage(gateway, openKey);
    const before = upstream.asked.length;
    let passed = 1;
    for (let rounds = 0; rounds < 5; rounds += 1) {
      const calls = Array.from({ length: 40 }, () => gateway.chat(openKey, ask));
      for (const { status } of await Promise.all(calls)) {
        expect([200, 503]).toContain(status);
        if (status === 200) passed += 1;
      }
    }
    expect(upstream.asked).toHaveLength(before + passed - 1);
    way.mend();
    await expect
      .poll(async () => (await taggedCalls(owner, 'during_outage')).length, PATIENT)
      .toBe(passed);
    const [{ reserved } = { reserved: 0n }] = await taggedCalls(owner, 'during_outage');
    expect(BigInt(passed) * reserved).toBeLessThanOrEqual(openPusd);
    expect(200n * reserved).toBeGreaterThan(openPusd); // so many were asked for
  });
});

test('after so long nobody is served, and a key that was not seen before never is (O2)', async ({
  db,
  owner,
  url,
}) => {
  await inWorld({ db, url }, { openPusd: DOLLAR, openForMs: 4_000 }, async (world) => {
    const { gateway, way, openKey, closedKey, tenant } = world;
    const unseen = await makeKey(db, tenant, { metadata: { on_outage: 'open' } });
    await warm(world, owner);
    way.cut();
    await untilOutage(gateway, openKey);
    expect((await gateway.chat(closedKey, ask)).status).toBe(503);
    expect((await gateway.chat(unseen.value, ask)).status).toBe(503);
    await expect.poll(async () => (await gateway.chat(openKey, ask)).status, PATIENT).toBe(503);
    way.mend();
    await expect
      .poll(async () => (await gateway.chat(unseen.value, ask)).status, PATIENT)
      .toBe(200);
  });
});
