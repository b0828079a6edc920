import { createSecretKey, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

import { systemClock } from '@sagewai/clock';
import { newId } from '@sagewai/crypto';
import { type Db, inTenant } from '@sagewai/postgres';
import { fernetDecrypt } from '@sagewai/seal';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import { enableEncryption, rotateKeys } from './change-keys.ts';
import {
  changeVersion,
  listKeyStatus,
  lockOrganizationKey,
  readPrimaryKey,
  readProjectKeys,
  readStatus,
  readVersions,
} from './content-keys.sql.ts';
import { ContentKeys } from './content-keys.ts';
import { deriveRunKey, parseContent } from './content.ts';

const masterKeys = [createSecretKey(randomBytes(32))] as const;
const RUN = newId<RunId>();

const keysOf = (db: Db, dispatch: Db): ContentKeys =>
  new ContentKeys({ db, dispatch, clock: systemClock, masterKeys });

test('an organization is off until it is switched on, once', async ({ db, dispatch }) => {
  const { orgId, projectId } = await makeTenant(db);
  const keys = keysOf(db, dispatch);
  expect(await keys.sealer(orgId, projectId)).toBeNull();
  await inTenant(db, [orgId], async (tx) => {
    expect(await readStatus(tx, orgId)).toBeNull();
    expect(await changeVersion(tx, orgId)).toBe(false);
    expect(await rotateKeys(tx, masterKeys, { orgId, projectId: null })).toBeNull();
    expect(await enableEncryption(tx, masterKeys, orgId)).toBe(true);
    expect(await enableEncryption(tx, masterKeys, orgId)).toBe(false);
    expect(await readStatus(tx, orgId)).toMatchObject({ swept: false });
    expect(await lockOrganizationKey(tx, orgId, 'share')).not.toBeNull();
  });
  expect(await readVersions(dispatch)).toMatchObject([{ orgId }]);
  await keys.refresh();
  expect(await keys.sealer(orgId, projectId)).not.toBeNull();
});

test('keys that were replaced are zeros in memory', async ({ db, dispatch }) => {
  const { orgId, projectId } = await makeTenant(db);
  await inTenant(db, [orgId], (tx) => enableEncryption(tx, masterKeys, orgId));
  const keys = keysOf(db, dispatch);
  const sealer = await keys.sealer(orgId, projectId);
  const tokenOf = () => parseContent(sealer?.encrypt(RUN, 'x') ?? '')?.token ?? '';
  const opens = (token: string): boolean =>
    fernetDecrypt(deriveRunKey(Buffer.alloc(32), RUN), token, { now: new Date(), ttlSeconds: null })
      .kind === 'opened';
  expect(opens(tokenOf())).toBe(false);
  await keys.refresh(); // nothing has changed
  await turn();
  expect(opens(tokenOf())).toBe(false);
  await inTenant(db, [orgId], (tx) => rotateKeys(tx, masterKeys, { orgId, projectId }));
  await keys.refresh();
  await turn();
  expect(opens(tokenOf())).toBe(true); // what it still holds is nothing but zeros
  keys.close();
});

test("a project's first key that is made while the organization's is replaced is not lost", async ({
  db,
  dispatch,
  owner,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  await inTenant(db, [orgId], (tx) => enableEncryption(tx, masterKeys, orgId));
  // Between wrapping the project's key and its commit.
  await using held = await holdTransaction(db, [orgId], (tx) =>
    lockOrganizationKey(tx, orgId, 'share'),
  );
  const rotation = inTenant(db, [orgId], (tx) =>
    rotateKeys(tx, masterKeys, { orgId, projectId: null }),
  );
  await untilWaiting(owner);
  await held.commit();
  await rotation;
  const keys = keysOf(db, dispatch);
  const content = (await keys.sealer(orgId, projectId))?.encrypt(RUN, 'x') ?? '';
  await inTenant(db, [orgId], (tx) => rotateKeys(tx, masterKeys, { orgId, projectId: null }));
  const fresh = keysOf(db, dispatch);
  await fresh.hold(orgId, [parseContent(content)?.keyId ?? '']);
  expect(fresh.decrypt(RUN, content)).toBe('x');
});

test('of two replicas that make the first key of a project at once, both use the same', async ({
  db,
  dispatch,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  await inTenant(db, [orgId], (tx) => enableEncryption(tx, masterKeys, orgId));
  const replicas = [keysOf(db, dispatch), keysOf(db, dispatch), keysOf(db, dispatch)];
  const contents = await Promise.all(
    replicas.map(async (keys) => (await keys.sealer(orgId, projectId))?.encrypt(RUN, 'x') ?? ''),
  );
  expect(new Set(contents.map((content) => parseContent(content)?.keyId)).size).toBe(1);
  await inTenant(db, [orgId], async (tx) => {
    const primary = await readPrimaryKey(tx, projectId);
    expect(await readProjectKeys(tx, [primary?.id ?? ''])).toEqual([primary]);
    expect(await listKeyStatus(tx, { orgId, projectId, limit: 10 })).toHaveLength(1);
  });
  const foreign = await makeTenant(db);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await readPrimaryKey(tx, projectId)).toBeNull();
  });
});
