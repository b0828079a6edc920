import { createHash } from 'node:crypto';

import { inTenant, inTransaction, sql, type Tx } from '@sagewai/postgres';
import {
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import {
  canonicalEntry,
  type ChainEntry,
  type OrganizationId,
  PLATFORM_CHAIN,
} from '@sagewai/wire';
import fc from 'fast-check';
import { describe, expect } from 'vitest';

import { appendAll, appendAudit, readEntries, readHead } from './entries.sql.ts';
import type { AuditEntry } from './entry.ts';

const entryOf = (orgId: OrganizationId, subject = 'worker:1'): AuditEntry => ({
  orgId,
  actor: 'token:1',
  action: 'fleet.approveWorker',
  subject,
  outcome: 'ok',
  requestId: 'r1',
  details: { pool: 'gpu', note: 'Zoë "🜁" \\' },
});

const chainOf = (tx: Tx, orgId: OrganizationId): Promise<ChainEntry[]> =>
  readEntries(tx, { orgId, order: 'oldest', limit: 1000 });

const hashOf = (entry: ChainEntry): string =>
  createHash('sha256').update(canonicalEntry(entry)).digest('hex');

/** The chain as an outsider checks it. */
function expectWhole(chain: readonly ChainEntry[]): void {
  let previous = '0'.repeat(64);
  for (const [index, entry] of chain.entries()) {
    expect(entry.seq).toBe(index + 1);
    expect(entry.previous_hash).toBe(previous);
    expect(entry.hash).toBe(hashOf(entry));
    previous = entry.hash;
  }
}

describe('a chain', () => {
  test('is numbered without gaps and linked by the documented hash (T1)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId)));
    await inTenant(db, [orgId], (tx) =>
      appendAll(tx, [entryOf(orgId, 'worker:2'), entryOf(orgId, 'worker:3')]),
    );

    const { chain, head } = await inTenant(db, [orgId], async (tx) => ({
      chain: await chainOf(tx, orgId),
      head: await readHead(tx, orgId),
    }));
    expectWhole(chain);
    expect(chain.map(({ subject }) => subject)).toEqual(['worker:1', 'worker:2', 'worker:3']);
    expect(chain[0]?.details).toBe('{"pool":"gpu","note":"Zoë \\"🜁\\" \\\\"}');
    expect(head).toEqual({ seq: 3, hash: chain[2]?.hash });
  });

  test('has the documented hash whatever its texts are (T1)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    // Any text that is well-formed; `unit: 'binary'` is the same, and takes two seconds to make.
    const point = fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }));
    const unit = point.map((code) => String.fromCodePoint(code));
    const text = fc.string({ unit, maxLength: 40 });
    const fields = fc.record({
      actor: text,
      action: text,
      subject: text,
      outcome: text,
      requestId: text,
      details: fc.dictionary(
        fc.stringMatching(/^[a-z]{1,8}$/),
        fc.oneof(text, fc.double(), fc.boolean()),
        {
          noNullPrototype: true,
        },
      ),
    });
    const entries = fc
      .sample(fields, { numRuns: 300, seed: 7 })
      .map((made) => ({ ...made, details: { n: 1, ...made.details }, orgId }))
      .filter(
        ({ details }) => !Object.keys(details).some((name) => /secret|token|jwt|cookie/.test(name)),
      );
    await inTenant(db, [orgId], (tx) => appendAll(tx, entries));
    const chain = await inTenant(db, [orgId], (tx) => chainOf(tx, orgId));
    expect(chain).toHaveLength(entries.length);
    expectWhole(chain);
  });

  test('of each organization is its own (T1)', async ({ db }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    await inTenant(db, [a.orgId, b.orgId], (tx) =>
      appendAll(tx, [entryOf(a.orgId), entryOf(b.orgId), entryOf(a.orgId)]),
    );
    const chain = await inTenant(db, [a.orgId], (tx) => chainOf(tx, a.orgId));
    expectWhole(chain);
    expect(chain).toHaveLength(2);
  });

  test('makes the second writer wait for the first one, and follow it (T1)', async ({
    db,
    owner,
  }) => {
    const { orgId } = await makeTenant(db);
    await inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId, 'start')));
    await using first = await holdTransaction(db, [orgId], (tx) =>
      appendAudit(tx, entryOf(orgId, 'first')),
    );
    const second = inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId, 'second')));
    await untilWaiting(owner);
    await first.commit();
    await second;

    const chain = await inTenant(db, [orgId], (tx) => chainOf(tx, orgId));
    expectWhole(chain);
    expect(chain.map(({ subject }) => subject)).toEqual(['start', 'first', 'second']);
  });

  test('has no gap where a transaction was undone (T1, T5)', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    await using first = await holdTransaction(db, [orgId], (tx) =>
      appendAudit(tx, entryOf(orgId, 'undone')),
    );
    const second = inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId, 'kept')));
    await untilWaiting(owner);
    await first.rollback();
    await second;

    const chain = await inTenant(db, [orgId], (tx) => chainOf(tx, orgId));
    expectWhole(chain);
    expect(chain.map(({ subject }) => subject)).toEqual(['kept']);
  });

  test('is locked by ascending organization, whatever the order given', async ({ db, owner }) => {
    const tenants = [await makeTenant(db), await makeTenant(db)];
    const [low, high] = tenants.map(({ orgId }) => orgId).toSorted() as [
      OrganizationId,
      OrganizationId,
    ];
    await using held = await holdTransaction(db, [low], (tx) => appendAudit(tx, entryOf(low)));
    const both = inTenant(db, [low, high], (tx) => appendAll(tx, [entryOf(high), entryOf(low)]));
    await untilWaiting(owner);
    // The waiting writer holds nothing of the higher chain yet.
    await inTenant(db, [high], (tx) => appendAudit(tx, entryOf(high, 'passes')));
    await held.commit();
    await both;
  });

  test('is the documented one for the platform, which nobody has to act for (T3)', async ({
    db,
  }) => {
    await inTransaction(db, (tx) => appendAudit(tx, entryOf(PLATFORM_CHAIN)));
    const chain = await inTenant(db, [PLATFORM_CHAIN], (tx) => chainOf(tx, PLATFORM_CHAIN));
    expectWhole(chain);
    expect(chain).toHaveLength(1);
    expect(await inTransaction(db, (tx) => chainOf(tx, PLATFORM_CHAIN))).toEqual([]);
  });
});

describe('a transaction', () => {
  test('cannot append to the chain of an organization that it does not act for (T3)', async ({
    db,
  }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    const foreign = inTenant(db, [a.orgId], (tx) => appendAudit(tx, entryOf(b.orgId)));
    await expect(foreign).rejects.toThrow(/does not act for organization/);
    const nobody = inTransaction(db, (tx) => appendAudit(tx, entryOf(a.orgId)));
    await expect(nobody).rejects.toThrow(/does not act for organization/);
  });

  test('reads only the chains that it acts for (T3)', async ({ db }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    await inTenant(db, [a.orgId], (tx) => appendAudit(tx, entryOf(a.orgId)));
    await inTenant(db, [b.orgId], async (tx) => {
      expect(await chainOf(tx, a.orgId)).toEqual([]);
      expect(await readHead(tx, a.orgId)).toBeNull();
    });
  });
});

describe('nobody rewrites the log (T2)', () => {
  const rewrites = {
    'insert an entry': (orgId: OrganizationId) => sql`
      insert into audit_entry
      select org_id, 2, version, recorded_at, actor, action, subject, outcome, request_id, details,
             hash, hash
      from audit_entry where org_id = ${orgId}`,
    'update an entry': () => sql`update audit_entry set outcome = 'other'`,
    'delete an entry': () => sql`delete from audit_entry`,
    'empty the log': () => sql`truncate audit_entry`,
    'insert a head': (orgId: OrganizationId) => sql`
      insert into audit_head (org_id, seq, hash) values (${orgId}, 0, sha256('x'))`,
    'move the head': () => sql`update audit_head set seq = 0`,
    'delete the head': () => sql`delete from audit_head`,
    'empty the heads': () => sql`truncate audit_head`,
    'become the writer': () => sql`set role sagewai_audit`,
    'replace the function': () => sql`
      alter function audit_append(uuid, text, text, text, text, text, text) reset all`,
    'disable the triggers': () => sql`alter table audit_entry disable trigger all`,
  } as const;

  for (const role of ['sagewai_request', 'sagewai_dispatch'] as const) {
    for (const [what, statement] of Object.entries(rewrites)) {
      test(`${role} cannot ${what}`, async ({ db, open }) => {
        const { orgId } = await makeTenant(db);
        await inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId)));
        const attempt = inTenant(open({ role }), [orgId], (tx) => statement(orgId).execute(tx));
        await expect(attempt).rejects.toThrow(/permission denied|must be owner/);
      });
    }

    test(`${role} can append`, async ({ db, open }) => {
      const { orgId } = await makeTenant(db);
      await inTenant(open({ role }), [orgId], (tx) => appendAudit(tx, entryOf(orgId)));
      expect(await inTenant(db, [orgId], (tx) => chainOf(tx, orgId))).toHaveLength(1);
    });
  }

  const slips = ['update an entry', 'delete an entry', 'empty the log'] as const;
  for (const what of slips) {
    test(`the superuser does not ${what} by mistake`, async ({ db, owner }) => {
      const { orgId } = await makeTenant(db);
      await inTenant(db, [orgId], (tx) => appendAudit(tx, entryOf(orgId)));
      await expect(rewrites[what]().execute(owner)).rejects.toThrow(/append-only/);
    });
  }

  test('the function belongs to a role that nobody is or logs in as', async ({ owner }) => {
    const { rows } = await sql`
      select r.rolname as owner, r.rolcanlogin as "canLogin", r.rolsuper as superuser,
             r.rolbypassrls as "bypassesRls", p.proconfig as settings
      from pg_proc p join pg_roles r on r.oid = p.proowner where p.proname = 'audit_append'
    `.execute(owner);
    expect(rows).toEqual([
      {
        owner: 'sagewai_audit',
        canLogin: false,
        superuser: false,
        bypassesRls: false,
        settings: ['search_path=pg_catalog, pg_temp'],
      },
    ]);
  });
});

describe('readEntries', () => {
  test('filters, orders and pages', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await inTenant(db, [orgId], async (tx) => {
      for (const n of [1, 2, 3, 4]) await appendAudit(tx, entryOf(orgId, `worker:${n % 2}`));
      await appendAudit(tx, { ...entryOf(orgId), actor: 'token:2', outcome: 'caller.forbidden' });
      const seqs = async (filter: object): Promise<number[]> =>
        (await readEntries(tx, { orgId, order: 'newest', limit: 100, ...filter })).map(
          ({ seq }) => seq,
        );
      expect(await seqs({})).toEqual([5, 4, 3, 2, 1]);
      expect(await seqs({ limit: 2, cursor: '4' })).toEqual([3, 2]);
      expect(await seqs({ order: 'oldest', cursor: '3' })).toEqual([4, 5]);
      expect(await seqs({ subject: 'worker:0' })).toEqual([4, 2]);
      expect(await seqs({ actor: 'token:2' })).toEqual([5]);
      expect(await seqs({ outcome: 'ok', action: 'fleet.approveWorker' })).toEqual([4, 3, 2, 1]);
      expect(await seqs({ action: 'none' })).toEqual([]);
      expect(await seqs({ since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' })).toEqual(
        [],
      );
      expect(await seqs({ since: '2020-01-01T00:00:00Z' })).toHaveLength(5);
      expect(await seqs({ until: '2020-01-01T00:00:00Z' })).toEqual([]);
    });
  });

  test('answers instants with microseconds in UTC, whatever the zone of the session', async ({
    db,
    owner,
  }) => {
    const { orgId } = await makeTenant(db);
    await inTenant(db, [orgId], async (tx) => {
      await sql`set local timezone = 'Asia/Kathmandu'`.execute(tx);
      await appendAudit(tx, entryOf(orgId));
      expectWhole(await chainOf(tx, orgId));
    });
    const { rows } = await sql<{ at: Date }>`
      select recorded_at as at from audit_entry where org_id = ${orgId}
    `.execute(owner);
    const [entry] = await inTenant(db, [orgId], (tx) => chainOf(tx, orgId));
    expect(entry?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(entry?.at.slice(0, 23)).toBe(rows[0]?.at.toISOString().slice(0, 23));
  });
});
