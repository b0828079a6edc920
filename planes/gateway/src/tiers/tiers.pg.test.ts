import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { readModelTiers, replaceModelTiers } from './model-tiers.sql.ts';
import { createTierBook } from './tier-book.ts';

const small = { model: 'small', pool: null };
const large = { model: "lar'ge", pool: 'gpu' };

describe('the tiers of a project', () => {
  test('are what was set last, and no other organization sees them', async ({ db }) => {
    const tenant = await makeTenant(db);
    const other = await makeTenant(db);
    const set = (tiers: object) =>
      inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, tiers));
    const read = (orgId = tenant.orgId) =>
      inTenant(db, [orgId], (tx) => readModelTiers(tx, tenant.projectId));
    expect(await read()).toEqual({});
    await set({ simple: small, complex: large });
    expect(await read()).toEqual({ simple: small, complex: large });
    await set({ simple: large, medium: small });
    expect(await read()).toEqual({ simple: large, medium: small });
    expect(await read(other.orgId)).toEqual({});
    await set({});
    expect(await read()).toEqual({});
  });

  test('are followed within a second, and at once where they are changed', async ({ db }) => {
    const tenant = await makeTenant(db);
    let now = 0;
    const clock = { now: () => new Date(now), monotonicMs: () => now };
    const book = createTierBook({ db, clock });
    const request = { messages: [{ role: 'user', content: 'Hi' }] };
    const choose = async () => (await book.choose(tenant, request))?.targets ?? null;
    const set = (tiers: object) =>
      inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, tiers));
    expect(await choose()).toBeNull();
    await set({ simple: small });
    expect(await choose()).toBeNull();
    now = 1_000;
    expect(await choose()).toEqual([small]);
    await set({ complex: large });
    expect(await choose()).toEqual([small]);
    book.forget();
    expect(await choose()).toEqual([large]);
    expect((await book.choose(tenant, request))?.complexity).toMatchObject({ tier: 'simple' });
  });
});
