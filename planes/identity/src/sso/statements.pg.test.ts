import { hashToken, newId } from '@sagewai/crypto';
import { inTenant, type Tx } from '@sagewai/postgres';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import type { OrganizationId } from '@sagewai/wire';
import { expect } from 'vitest';

import { insertConnection } from './connections.sql.ts';
import { giveRole, joinIdentity, listGivenRoles, provisionAccount } from './joining.sql.ts';
import { insertLogin, takeLogin } from './logins.sql.ts';
import { insertHandover, takeHandover } from './sessions.sql.ts';

const test = fileDatabaseTest;

async function connect(tx: Tx, orgId: OrganizationId, name: string): Promise<string> {
  const made = await insertConnection(tx, {
    id: newId<string>(),
    orgId,
    name,
    issuer: 'https://idp.acme.example',
    clientId: 'sagewai',
    clientSecret: null,
    clientAuthentication: 'none',
    scopes: ['openid'],
    emailDomains: ['acme.example'],
    claims: {
      email: 'email',
      emailVerified: 'email_verified',
      name: 'name',
      groups: 'groups',
      externalId: null,
    },
    groupRoles: [],
    provisioning: 'first_sign_in',
    enforced: false,
    enabled: true,
    createdBy: 'test',
  });
  return made?.id ?? '';
}

test('a subject is one account of its connection, and an account one subject (O1)', async ({
  db,
}) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], async (tx) => {
    const connectionId = await connect(tx, orgId, 'idp');
    const [ada, bob] = [newId<string>(), newId<string>()];
    const provision = (id: string, email: string) =>
      provisionAccount(tx, { orgId, id, email, name: email });
    expect(await provision(ada, 'ada@acme.example')).toBe(true);
    expect(await provision(newId<string>(), 'ada@acme.example')).toBe(false);
    expect(await provision(bob, 'bob@acme.example')).toBe(true);
    const join = (accountId: string, subject: string) =>
      joinIdentity(tx, { orgId, connectionId, accountId, subject });
    expect(await join(ada, 'a')).toBe(true);
    expect([await join(bob, 'a'), await join(ada, 'b')]).toEqual([false, false]);
  });
});

test('a given role is of its connection, and one that is not there is not given (O2)', async ({
  db,
}) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], async (tx) => {
    const [one, two] = [await connect(tx, orgId, 'one'), await connect(tx, orgId, 'two')];
    const accountId = newId<string>();
    await provisionAccount(tx, { orgId, id: accountId, email: 'ada@acme.example', name: 'Ada' });
    for (const role of ['viewer', 'no-such-role']) {
      const of = { orgId, connectionId: one, accountId, id: newId<string>() };
      await giveRole(tx, { ...of, role: { role, projectId: null } });
    }
    const held = await listGivenRoles(tx, { orgId, connectionId: one, accountId });
    expect(held.map(({ role }) => role)).toEqual(['viewer']);
    expect(await listGivenRoles(tx, { orgId, connectionId: two, accountId })).toEqual([]);
  });
});

test('a sign-in and a handover are taken once, and not when their time is over (O4)', async ({
  db,
}) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], async (tx) => {
    const connectionId = await connect(tx, orgId, 'idp');
    const [stateHash, browserHash] = [hashToken('state'), hashToken('browser')];
    const of = { orgId, connectionId, stateHash, browserHash };
    const rest = { redirectUri: 'https://a.example/', returnTo: '/', cliPort: null };
    const login = { ...of, ...rest, sealed: 'sealed', cliChallenge: null };
    await insertLogin(tx, { ...login, ttlMs: 60_000 });
    expect(await takeLogin(tx, { ...of, browserHash: hashToken('another') })).toBeNull();
    expect(await takeLogin(tx, of)).toMatchObject({ sealed: 'sealed', returnTo: '/' });
    expect(await takeLogin(tx, of)).toBeNull();
    await insertLogin(tx, { ...login, ttlMs: 0 });
    expect(await takeLogin(tx, of)).toBeNull();

    const [accountId, id] = [newId<string>(), newId<string>()];
    await provisionAccount(tx, { orgId, id: accountId, email: 'ada@acme.example', name: 'Ada' });
    const handover = { orgId, connectionId, accountId, challenge: 'c', idToken: 'sealed' };
    await insertHandover(tx, { ...handover, id, ttlMs: 60_000 });
    expect(await takeHandover(tx, { orgId, id })).toMatchObject({ challenge: 'c', isInTime: true });
    expect(await takeHandover(tx, { orgId, id })).toBeNull();
    await insertHandover(tx, { ...handover, id, ttlMs: 0 });
    expect(await takeHandover(tx, { orgId, id })).toMatchObject({ isInTime: false });
  });
});
