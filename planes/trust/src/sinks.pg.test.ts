import { createHmac, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';

import { selfSign } from '@sagewai/certificate';
import { systemClock } from '@sagewai/clock';
import { sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { ChainEntry, OrganizationId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { takeSinks } from './audit-sinks.sql.ts';
import { createAuditor } from './auditor.ts';
import { startCollector, startDatagramCollector } from './collector-fixture.ts';
import { createSinks } from './create-sinks.ts';
import { appendAll, readEntries } from './entries.sql.ts';
import { type Received, startReceiver } from './receiver-fixture.ts';
import type { TrustSettings } from './settings.ts';

type Row = Readonly<Record<string, unknown>>;

const MASTER = createSecretKey(randomBytes(32));
const AT_ONCE = { shipEveryMs: 60_000, shipBatch: 3, shipRetryMs: 0, sendTimeoutMs: 500 };

/** A server's sinks: as many of them as there are replicas that led. */
function sinksOf(
  db: Db,
  orgId: OrganizationId,
  settings: Partial<TrustSettings> = AT_ONCE,
  privateHosts = ['127.0.0.1', 'localhost'],
) {
  const metrics = createMetrics();
  const { routes, jobs } = createSinks({
    db,
    clock: systemClock,
    egress: createPublicEgress({ privateHosts, timeoutMs: settings.sendTimeoutMs ?? 5_000 }),
    sealing: [sealingKey(MASTER, 'audit-sink')],
    metrics,
    settings,
    nudge: () => undefined,
  });
  const app = createApp({
    routes,
    authenticate: createAuthenticator([
      {
        read: ({ headers }) => {
          const scope = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1];
          const scopes = new Set([scope as Scope]);
          return scope === undefined
            ? null
            : { kind: 'token', id: 'id', name: scope, orgId, projectId: null, scopes };
        },
      },
    ]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  const call = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    as = 'admin',
  ): Promise<{ status: number; body: Row }> => {
    const answer = await app.inject({
      method,
      url: `/api/v1/audit/sinks${path}`,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.payload) as Row };
  };
  const create = async (url: string, more: Row = {}): Promise<Row> => {
    const { status, body } = await call('POST', '', { name: 'siem', url, ...more });
    expect({ status, body }).toMatchObject({ status: 201 });
    return body;
  };
  /** Looks now, whenever it would have looked. */
  const ship = async (): Promise<void> => {
    await inTenant(db, [orgId], async (tx) => {
      await sql`update outbox_due set due_at = app_now() where what = 'audit'`.execute(tx);
      await sql`update audit_sink set due_at = app_now() where failures = 0`.execute(tx);
    });
    for (const job of jobs) await job.run(new AbortController().signal);
  };
  const state = async (): Promise<Row> => {
    const { body } = await call('GET', '', undefined, 'read');
    return (body['sinks'] as Row[])[0] ?? {};
  };
  return { call, create, ship, state, metrics };
}

const test = fileDatabaseTest.extend<{ tenant: Tenant; fill: (count: number) => Promise<void> }>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
  fill: async ({ db, tenant: { orgId } }, use) =>
    use((count) =>
      inTenant(db, [orgId], (tx) =>
        appendAll(
          tx,
          Array.from({ length: count }, (_, n) => ({
            orgId,
            actor: 'token:1',
            action: 'thing.done',
            subject: `thing:${n}\nZoë`,
            outcome: 'ok',
            requestId: '',
            details: {},
          })),
        ),
      ),
    ),
});

const chainOf = (db: Db, orgId: OrganizationId): Promise<ChainEntry[]> =>
  inTenant(db, [orgId], (tx) => readEntries(tx, { orgId, order: 'oldest', limit: 1_000 }));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
const entriesIn = ({ body }: Received): ChainEntry[] =>
  (JSON.parse(body) as { data: { entries: ChainEntry[] } }).data.entries;
const seqsIn = (received: readonly Received[]): number[] =>
  received.flatMap((each) => entriesIn(each).map(({ seq }) => seq));
const entryOf = (message: string): ChainEntry =>
  JSON.parse(message.slice(message.indexOf('{'))) as ChainEntry;

describe('a webhook', () => {
  test('gets every entry in order, signed, whatever it answered in between (T8)', async ({
    db,
    tenant: { orgId },
    fill,
  }) => {
    await fill(10);
    const sinks = sinksOf(db, orgId);
    const receiver = await startReceiver();
    receiver.script.push(200, 500, 'hang', 503);
    const { secret } = await sinks.create(receiver.url, { from: 'beginning' });
    await sinks.ship();
    const taken = receiver.received.filter((_, n) => ![1, 2, 3].includes(n));
    // The eleventh says that there is a sink.
    expect(taken.flatMap((each) => entriesIn(each))).toEqual(await chainOf(db, orgId));
    expect(seqsIn(taken)).toEqual(upTo(11));
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.slice(1, 5)).size).toBe(1);
    expect(
      new Set(receiver.received.slice(1, 5).map((each) => String(entriesIn(each)[0]?.seq))),
    ).toEqual(new Set(['4']));
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
    const key = Buffer.from(String(secret).slice('whsec_'.length), 'base64');
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    );
    expect(await sinks.state()).toMatchObject({ cursor: 11, behind: 0, last_error: null });
  });

  test('that is away is waited for longer each time, and its state says so', async ({
    db,
    tenant: { orgId },
    fill,
  }) => {
    await fill(2);
    const sinks = sinksOf(db, orgId, { ...AT_ONCE, shipRetryMs: 60_000 });
    const receiver = await startReceiver();
    receiver.status = 500;
    await sinks.create(receiver.url, { from: 'beginning' });
    await sinks.ship();
    await sinks.ship();
    expect(receiver.received).toHaveLength(1);
    const state = await sinks.state();
    expect(state).toMatchObject({ cursor: 0, behind: 3, last_error: 'it answered 500: not now' });
    expect(Date.parse(String(state['next_attempt_at']))).toBeGreaterThan(Date.now() + 30_000);
    expect(await sinks.metrics.render()).toMatch(/sagewai_audit_shipping_lag_entries(\{\})? 3\n/);
    receiver.status = 200;
    await sinks.call('POST', `/${String(state['id'])}/test`);
    await sinks.ship();
    // What was under way goes first, as it was; the entry of the test comes last.
    expect(seqsIn(receiver.received)).toEqual([1, 2, 3, 1, 2, 3, 4]);
    expect(entriesIn(receiver.received.at(-1) ?? { headers: {}, body: '' })).toMatchObject([
      { action: 'trust.testAuditSink', subject: `sink:${String(state['id'])}` },
    ]);
  });

  test('that answers 410 gets no more until it is let, and then goes on where it stopped', async ({
    db,
    tenant: { orgId },
    fill,
  }) => {
    const sinks = sinksOf(db, orgId);
    const receiver = await startReceiver();
    const { id } = await sinks.create(receiver.url);
    await sinks.ship();
    receiver.status = 410;
    await fill(1);
    await sinks.ship();
    await fill(1);
    await sinks.ship();
    expect(seqsIn(receiver.received)).toEqual([1, 2]);
    expect(await sinks.state()).toMatchObject({ disabled_why: 'the receiver answered 410' });
    receiver.status = 200;
    await sinks.call('PATCH', `/${String(id)}`, { enabled: true });
    await sinks.ship();
    expect(seqsIn(receiver.received)).toEqual([1, 2, 2, 3, 4]);
  });
});

describe('shipping', () => {
  test('goes on under another leader; after a crash the same batch comes once more', async ({
    db,
    tenant: { orgId },
    fill,
  }) => {
    await fill(4);
    const receiver = await startReceiver();
    const first = sinksOf(db, orgId);
    await first.create(receiver.url, { from: 'beginning' });
    await first.ship();
    expect(seqsIn(receiver.received)).toEqual(upTo(5));
    await fill(3);
    // A leader takes the batch, and dies. It is another's once it is given up for dead, and not before.
    const take = { orgId, holdMs: 3_600_000, batch: 2 };
    await inTenant(db, [orgId], (tx) => sql`update audit_sink set due_at = app_now()`.execute(tx));
    const [held] = await inTenant(db, [orgId], (tx) => takeSinks(tx, take));
    expect(held).toMatchObject({ cursor: 5, batchEnd: 7 });
    const second = sinksOf(db, orgId);
    await second.ship();
    expect(receiver.received).toHaveLength(2);
    await inTenant(db, [orgId], (tx) =>
      sql`update audit_sink set held_until = app_now()`.execute(tx),
    );
    await second.ship();
    expect(receiver.received.slice(2).map((each) => entriesIn(each).map(({ seq }) => seq))).toEqual(
      [[6, 7], [8]],
    );
  });

  test('one sink that hangs holds up no other', async ({ db, tenant: { orgId }, fill }) => {
    await fill(2);
    const sinks = sinksOf(db, orgId, { ...AT_ONCE, shipRetryMs: 60_000 });
    const [bad, good] = [await startReceiver(), await startReceiver()];
    bad.status = 500;
    await sinks.create(bad.url, { from: 'beginning' });
    await sinks.create(good.url, { from: 'beginning' });
    await sinks.ship();
    expect(seqsIn(good.received)).toEqual(upTo(4));
    expect(seqsIn(bad.received)).toEqual(upTo(3));
  });
});

describe('a collector of syslog', () => {
  test('over TCP has everything once, in order, though connections were cut and ignored', async ({
    db,
    tenant: { orgId },
    fill,
  }) => {
    await fill(10);
    const sinks = sinksOf(db, orgId);
    const collector = await startCollector();
    collector.script.push('read', { cutAfter: 1 }, { cutAfter: 700 }, 'ignore');
    await sinks.create(`syslog+tcp://127.0.0.1:${collector.port}`, { from: 'beginning' });
    await sinks.ship();
    expect(collector.messages.map(entryOf)).toEqual(await chainOf(db, orgId));
    expect(collector.connections).toBe(7);
    expect(await sinks.state()).toMatchObject({ cursor: 11, behind: 0, last_error: null });
  });

  test('over TLS is trusted only with its authority', async ({ db, tenant: { orgId }, fill }) => {
    await fill(4);
    const { certificate, key } = selfSign({
      key: generateKeyPairSync('ed25519').privateKey,
      commonName: 'collector',
      names: ['localhost'],
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
    });
    const collector = await startCollector({ certificate, key });
    const sinks = sinksOf(db, orgId, { ...AT_ONCE, shipRetryMs: 60_000, sendTimeoutMs: 5_000 });
    const url = `syslog+tls://localhost:${collector.port}`;
    const { id } = await sinks.create(url, { from: 'beginning' });
    await sinks.ship();
    expect(collector.messages).toEqual([]);
    expect(String((await sinks.state())['last_error'])).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
    await sinks.call('DELETE', `/${String(id)}`);
    await sinks.create(url, { from: 'beginning', ca: certificate, format: 'cef' });
    await sinks.ship();
    expect(collector.messages).toHaveLength(7);
    expect(collector.messages.map((text) => /externalId=(\d+)/.exec(text)?.[1])).toEqual(
      upTo(7).map(String),
    );
  });

  test('over UDP has a datagram an entry', async ({ db, tenant: { orgId }, fill }) => {
    await fill(4);
    const sinks = sinksOf(db, orgId);
    const collector = await startDatagramCollector();
    await sinks.create(`syslog+udp://127.0.0.1:${collector.port}`, { from: 'beginning' });
    await sinks.ship();
    await expect.poll(() => collector.messages.length, { timeout: 10_000 }).toBe(5);
    expect(collector.messages.map(entryOf)).toEqual(await chainOf(db, orgId));
  });
});

describe('a sink', () => {
  test('in a private network is refused, however it is written and wherever it leads', async ({
    db,
    tenant: { orgId },
  }) => {
    const sinks = sinksOf(db, orgId, { ...AT_ONCE, shipRetryMs: 60_000 }, []);
    for (const url of [
      'http://127.0.0.1/',
      'syslog+tcp://127.0.0.1:601',
      'syslog+tls://[::1]:6514',
      'syslog+udp://169.254.169.254',
      'syslog+tcp://user:secret@logs.example.com',
      'syslog+tcp://logs.example.com/path',
    ]) {
      const { status } = await sinks.call('POST', '', { name: 'inside', url });
      expect({ url, status }).toEqual({ url, status: 400 });
    }
    // A name is only known by what it leads to.
    const collector = await startCollector();
    await sinks.create(`syslog+tcp://localhost:${collector.port}`);
    await sinks.ship();
    expect(String((await sinks.state())['last_error'])).toContain('may not be called');
    expect(collector.connections).toBe(0);
  });

  test('is its organization’s alone, recorded, and its secret is shown once and sealed', async ({
    db,
    tenant: { orgId },
  }) => {
    const sinks = sinksOf(db, orgId);
    const stranger = sinksOf(db, (await makeTenant(db)).orgId);
    const { id, secret } = await sinks.create('http://127.0.0.1:9/');
    const path = `/${String(id)}`;
    expect((await stranger.call('POST', `${path}/test`)).status).toBe(404);
    expect((await stranger.call('PATCH', path, { enabled: false })).status).toBe(404);
    expect((await stranger.call('DELETE', path)).status).toBe(404);
    expect(await stranger.state()).toEqual({});
    expect((await sinks.call('DELETE', path, undefined, 'write')).status).toBe(403);
    expect(JSON.stringify(await sinks.state())).not.toContain('whsec_');
    const { rows } = await inTenant(db, [orgId], (tx) =>
      sql<{ text: string }>`select s::text as text from audit_sink s`.execute(tx),
    );
    expect(rows[0]?.text).not.toContain(String(secret).slice('whsec_'.length));
    await sinks.call('PATCH', path, { enabled: false });
    expect((await sinks.call('DELETE', path)).status).toBe(200);
    const chain = await chainOf(db, orgId);
    expect(chain.map(({ action, subject, outcome }) => [action, subject, outcome])).toEqual([
      ['trust.createAuditSink', `sink:${String(id)}`, 'ok'],
      ['trust.deleteAuditSink', expect.anything(), 'caller.forbidden'],
      ['trust.updateAuditSink', `sink:${String(id)}`, 'ok'],
      ['trust.deleteAuditSink', `sink:${String(id)}`, 'ok'],
    ]);
    expect(JSON.stringify(chain)).not.toContain(String(secret));
  });
});
