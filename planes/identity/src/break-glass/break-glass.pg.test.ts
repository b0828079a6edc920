import { createSecretKey, randomBytes } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { fingerprintKey, hashToken, newId } from '@sagewai/crypto';
import type { RequestHead } from '@sagewai/http';
import { type Db, inTenant, inTransaction, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test } from '@sagewai/testing';
import { type AccountId, type OrganizationId, PLATFORM_CHAIN, whoAmI } from '@sagewai/wire';
import { expect } from 'vitest';

import { insertAccount } from '../accounts/accounts.sql.ts';
import { ensureOrganization } from '../create-organization.ts';
import { ensureAdministrator } from '../first-start.ts';
import { keepFingerprint } from '../key-fingerprints.sql.ts';
import { countPlatformTokens } from '../platform-tokens.sql.ts';
import { insertAssignment } from '../roles/role-assignments.sql.ts';
import { createTokenReader } from '../token-reader.ts';
import { findBreakGlass, listBreakGlass, takeBreakGlass } from './break-glass.sql.ts';
import { endBreakGlass, makeBreakGlass } from './make-break-glass.ts';

const KEY = createSecretKey(randomBytes(32));
const MADE = { keys: [KEY], reason: 'the identity provider is gone', lifetimeMs: 60_000, by: 'me' };

async function makeOne(dispatch: Db) {
  const fingerprint = fingerprintKey(KEY);
  await keepFingerprint(dispatch, { purpose: 'SAGEWAI_ENCRYPTION_KEY', fingerprint });
  return makeBreakGlass(dispatch, MADE);
}

async function organizationWithOwner(db: Db, name: string): Promise<OrganizationId> {
  const { organization } = await ensureOrganization(db, { name, actor: 'server' });
  const orgId = organization.id;
  await inTenant(db, [orgId], async (tx) => {
    const id = newId<AccountId>();
    const email = `owner@${name}.test`;
    await insertAccount(tx, { id, orgId, email, name: 'Owner', source: 'local', externalId: null });
    const subject = { kind: 'account', id } as const;
    await insertAssignment(tx, {
      id: newId(),
      orgId,
      projectId: null,
      subject,
      role: 'owner',
      createdBy: 'test',
    });
  });
  return orgId;
}

const headOf = (token: string, of: { organization?: string; ip?: string } = {}): RequestHead => ({
  id: newId(),
  ip: of.ip ?? '10.0.0.1',
  headers: {
    authorization: `Bearer ${token}`,
    ...(of.organization !== undefined && { 'x-organization': of.organization }),
  },
  peerThumbprint: undefined,
  isTls: false,
  url: '/api/v1/whoami',
  endpoint: whoAmI,
  signal: new AbortController().signal,
  draining: new AbortController().signal,
});

const usesIn = async (db: Db, orgId: OrganizationId) => {
  const { rows } = await inTenant(db, [orgId], (tx) =>
    sql<{ outcome: string; details: string }>`
      select outcome, details::text as details from audit_entry
      where action = 'identity.useBreakGlass' order by seq
    `.execute(tx),
  );
  return rows;
};

test('is made with the key of this database and a reason alone, and shown once (G1)', async ({
  dispatch,
  db,
}) => {
  await expect(makeBreakGlass(dispatch, MADE)).rejects.toThrow(/no server has used this database/);
  const { made, token } = await makeOne(dispatch);
  expect(token).toMatch(/^sat-/);
  expect(await listBreakGlass(db)).toMatchObject([{ id: made.id, reason: MADE.reason }]);
  const keys = [createSecretKey(randomBytes(32))];
  await expect(makeBreakGlass(dispatch, { ...MADE, keys })).rejects.toThrow(/is not the one/);
  const reason = '';
  await expect(makeBreakGlass(dispatch, { ...MADE, reason })).rejects.toThrow(/break_glass_ends/);
  await expect(makeBreakGlass(db, MADE)).rejects.toThrow(/permission denied/);
  const longer = sql`update platform_token set expires_at = expires_at + interval '1 day'`;
  await expect(longer.execute(db)).rejects.toThrow(/permission denied/);
});

test('lasts an hour at most, and ends by itself, or when it is ended (G2)', async ({
  dispatch,
  db,
  owner,
}) => {
  const lifetimeMs = 3_600_001;
  await expect(makeBreakGlass(dispatch, { ...MADE, lifetimeMs })).rejects.toThrow(
    /an hour at most/,
  );
  const first = await makeOne(dispatch);
  const address = '10.0.0.1';
  expect(await takeBreakGlass(db, { id: first.made.id, address })).toBe('taken');
  await sql`
    update platform_token set created_at = app_now() - interval '61 s', expires_at = app_now() - interval '1 s'
  `.execute(owner);
  expect(await takeBreakGlass(db, { id: first.made.id, address })).toBe('ended');
  expect(await findBreakGlass(db, hashToken(first.token))).toBeNull();
  const second = await makeOne(dispatch);
  expect(await endBreakGlass(dispatch, { id: null, by: 'me' })).toHaveLength(1);
  expect(await takeBreakGlass(db, { id: second.made.id, address })).toBe('ended');
});

test('every request by it stands in the chain of the organization that it acts for, and its people are told once (G2, G3)', async ({
  dispatch,
  db,
}) => {
  const acme = await organizationWithOwner(db, 'acme');
  const other = await organizationWithOwner(db, 'other');
  const metrics = createMetrics();
  const tokens = createTokenReader({ db, clock: systemClock, metrics, sendsMail: true });
  const { token, made } = await makeOne(dispatch);
  const read = async (of: Parameters<typeof headOf>[1]) => tokens.read(headOf(token, of));

  const [caller] = await Promise.all([
    read({ organization: 'acme' }),
    read({ organization: 'acme' }),
  ]);
  expect(caller).toMatchObject({ orgId: acme, detail: { expiresAt: made.expiresAt } });
  await read({ organization: 'acme' });
  await read({});
  await expect(read({ organization: 'acme', ip: '10.0.0.2' })).rejects.toThrow(/another address/);

  expect(await usesIn(db, acme)).toHaveLength(3);
  expect((await usesIn(db, acme))[0]?.details).toContain(MADE.reason);
  expect(await usesIn(db, other)).toEqual([]);
  expect((await usesIn(db, PLATFORM_CHAIN)).map(({ outcome }) => outcome)).toEqual([
    'ok',
    'refused',
  ]);
  const { rows: mails } = await inTenant(db, [acme, other], (tx) =>
    sql`select receiver, event_type as type from alert_email`.execute(tx),
  );
  expect(mails).toEqual([{ receiver: 'owner@acme.test', type: 'break_glass.used' }]);
  expect(await metrics.render()).toContain('sagewai_break_glass_uses_total{outcome="ok"} 4');
});

test('what names no organization or project takes no address, and is told of (G6)', async ({
  dispatch,
  db,
}) => {
  await organizationWithOwner(db, 'acme');
  const tokens = createTokenReader({
    db,
    clock: systemClock,
    metrics: createMetrics(),
    sendsMail: true,
  });
  const { token } = await makeOne(dispatch);
  const lost = headOf(token, { organization: 'nobody', ip: '10.0.0.9' });
  await expect(tokens.read(lost)).rejects.toMatchObject({ code: 'organization.missing' });
  expect(await listBreakGlass(db)).toMatchObject([{ usedAt: null, usedAddress: null }]);
  expect(await usesIn(db, PLATFORM_CHAIN)).toMatchObject([{ outcome: 'refused' }]);
  expect(await tokens.read(headOf(token, { organization: 'acme' }))).not.toBeNull();
  expect(await listBreakGlass(db)).toMatchObject([{ usedAddress: '10.0.0.1' }]);
});

test('is no administrator: a server that has none makes one, and another one ends it (G4)', async ({
  dispatch,
  db,
}) => {
  const { made } = await makeOne(dispatch);
  expect(await inTransaction(dispatch, countPlatformTokens)).toBe(0);
  expect(await ensureAdministrator(dispatch)).toMatchObject({ kind: 'made' });
  const given = { token: 'sat-Zk3v9QpLx7mWc2RtYb8NfHj4Ua6EoSgD' };
  await ensureAdministrator(dispatch, given);
  const address = '10.0.0.1';
  expect(await takeBreakGlass(db, { id: made.id, address })).toBe('ended');
  const next = await makeOne(dispatch);
  await ensureAdministrator(dispatch, given);
  expect(await takeBreakGlass(db, { id: next.made.id, address })).toBe('taken');
});
