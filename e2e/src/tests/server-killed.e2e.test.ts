import { randomUUID } from 'node:crypto';

import { expect } from 'vitest';

import { ask, type Answer, askWell, bearer } from '../harness/api.ts';
import { makeDatabase, query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { chat, install, type Installation, makeKey } from '../harness/installation.ts';
import type { Stage } from '../harness/stage.ts';
import { startTcpProxy, targetOf, type TcpProxy, throughProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

interface Behind extends Installation {
  readonly proxy: TcpProxy;
}

/** A server whose every statement passes by, in words. */
async function installBehindProxy(stage: Stage): Promise<Behind> {
  const database = await makeDatabase(stage, cluster());
  const proxy = await startTcpProxy(stage, targetOf(database.url));
  const installation = await install(stage, null, {
    models: [MODEL],
    database: { url: throughProxy(database.url, proxy), adminUrl: database.adminUrl },
    environment: {
      DATABASE_PREPARED_STATEMENTS: 'false',
      RESERVATION_TTL: '3s',
      JOB_INTERVAL: '200ms',
    },
  });
  return { ...installation, proxy };
}

/** Kills the server while the statement stands at the proxy, and starts it again. */
async function killAt(
  { server, proxy }: Behind,
  text: string,
  when: 'before' | 'after',
  begin: () => Promise<Answer>,
): Promise<void> {
  const stands = proxy.stopAt(text, when);
  const unheard = begin().then(
    ({ status }) => status,
    () => 'no answer',
  );
  await stands;
  await server.kill();
  expect(await unheard).toBe('no answer');
  proxy.cut();
  proxy.thaw();
  server.start();
  await server.ready();
}

test.for(['before', 'after'] as const)(
  'killed %s a claim was committed: the same poll has the run, and nobody else (F2, F6)',
  async (when, { stage }) => {
    const behind = await installBehindProxy(stage);
    const { server, database } = behind;
    const enrolled = await askWell(`${server.url}/api/v1/fleet/register`, {
      headers: { 'x-enrollment-key': await makeEnrollmentKey(server) },
      body: { name: 'w', models: [MODEL.name] },
    });
    const { id } = await server.askWell('/api/v1/runs', { body: { payload: {} } });
    const headers = bearer(enrolled.token as string);
    const body = { slots: 1, poll_timeout: 5, poll_id: randomUUID() };
    const claim = () => ask(`${server.url}/api/v1/fleet/claim`, { headers, body });
    await killAt(behind, 'fleet_claim(', when, claim);

    const again = await claim();
    expect(again.json.leases).toMatchObject([{ run_id: id, attempt: 1 }]);
    const [counted] = await query(database.adminUrl, 'select count(*)::int as leases from lease');
    expect(counted).toEqual({ leases: 1 });
  },
);

test.for(['before', 'after'] as const)(
  'killed %s a report was committed: the report again is the one outcome (F1, F2)',
  async (when, { stage }) => {
    const behind = await installBehindProxy(stage);
    const { server, database } = behind;
    const enrolled = await askWell(`${server.url}/api/v1/fleet/register`, {
      headers: { 'x-enrollment-key': await makeEnrollmentKey(server) },
      body: { name: 'w', models: [MODEL.name] },
    });
    const headers = bearer(enrolled.token as string);
    await server.askWell('/api/v1/runs', { body: { payload: {} } });
    const { leases } = await server.askWell('/api/v1/fleet/claim', {
      headers,
      body: { slots: 1, poll_timeout: 5, poll_id: randomUUID() },
    });
    const body = { run_id: leases[0].run_id, epoch: leases[0].epoch, output: { said: 'once' } };
    const report = () => ask(`${server.url}/api/v1/fleet/report`, { headers, body });
    await killAt(behind, 'fleet_report(', when, report);

    const again = await report();
    expect(again).toMatchObject({ status: 200, json: { repeated: when === 'after' } });
    const outcomes = await query(database.adminUrl, `select output->>'said' as said from outcome`);
    expect(outcomes).toEqual([{ said: 'once' }]);
  },
);

test.for(['before', 'after'] as const)(
  'killed %s a settlement was committed: the call is booked once, never less than it cost (M1, M2)',
  async (when, { stage }) => {
    const behind = await installBehindProxy(stage);
    const { server, database, upstream } = behind;
    const { key } = await makeKey(server, { usdPerDay: '1' });
    const call = () => chat(server.url, key, { model: MODEL.name, max_tokens: 30 });
    const stands = behind.proxy.stopAt('ledger_settle(', when);
    // Whether the answer arrives is the server's affair: it does not wait for what is settled.
    const unheard = call().catch(() => null);
    await stands;
    await server.kill();
    await unheard;
    behind.proxy.cut();
    behind.proxy.thaw();
    server.start();
    await server.ready();

    await waitUntil(
      async () => {
        const [left] = await query<{ n: number }>(
          database.adminUrl,
          'select (select count(*)::int from reservation) + (select count(*)::int from holding) as n',
        );
        return left?.n === 0;
      },
      { otherwise: 'the reservation is neither settled nor expired' },
    );
    const booked = await query<{ settlements: number; cost: string }>(
      database.adminUrl,
      `select count(*) filter (where entry = 0)::int as settlements, sum(cost_pusd)::text as cost
       from spend group by id`,
    );
    expect(booked).toMatchObject([{ settlements: 1 }]);
    const [served] = upstream.served;
    const cost = (served?.inputTokens ?? 0) * 1_000_000 + (served?.outputTokens ?? 0) * 2_000_000;
    expect(Number(booked[0]?.cost)).toBeGreaterThanOrEqual(cost);
    if (when === 'after') expect(Number(booked[0]?.cost)).toBe(cost);
    const unequal = await query(
      database.adminUrl,
      `select b.id from ledger_derive((select array_agg(id) from budget)) d join budget b on b.id = d.id
       where (b.settled, b.reserved) is distinct from (d.settled, d.reserved)`,
    );
    expect(unequal).toEqual([]);
  },
);
