import { randomUUID } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import { type Db, sql, type Tx } from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import { endpoint, type OrganizationId } from '@sagewai/wire';
import { Type } from 'typebox';
import { expect } from 'vitest';

import { ACME, createFixture } from './app-fixture.ts';
import type { Auditor } from './audit.ts';
import { implement, implementPlatform, type Route, type TenantInput } from './route.ts';

const write = endpoint({
  id: 'things.write',
  method: 'POST',
  path: '/things',
  surface: 'own',
  summary: 'Writes',
  permission: 'run:submit',
  audit: 'record',
  body: Type.Object({ text: Type.String() }),
  output: Type.Object({ text: Type.String() }),
});

/** One tenant's table for the change, one for the entry; both with the policy of the product. */
async function prepare(owner: Db): Promise<void> {
  for (const table of ['thing', 'entry']) {
    await owner.withConnection(async (connection) => {
      await sql`
        select set_config('test.table', ${table}, false)
      `.execute(connection);
      await sql`
        do $$ begin
          execute format('create table %I (org_id uuid not null, text text not null)',
            current_setting('test.table'));
          call tenant_table(current_setting('test.table'));
        end $$
      `.execute(connection);
    });
  }
}

const auditor: Auditor = {
  succeeded: async (tx, { orgId, subject, details }) => {
    await sql`
      insert into entry (org_id, text) values (${orgId}, ${`${subject} ${JSON.stringify(details)}`})
    `.execute(tx);
  },
  refused: () => Promise.resolve(),
};

async function insertThing(tx: Tx, orgId: OrganizationId, text: string): Promise<void> {
  await sql`insert into thing (org_id, text) values (${orgId}, ${text})`.execute(tx);
}

async function kept(owner: Db): Promise<{ things: string[]; entries: string[] }> {
  const things = await sql<{ text: string }>`select text from thing`.execute(owner);
  const entries = await sql<{ text: string }>`select text from entry`.execute(owner);
  const textOf = ({ text }: { text: string }): string => text;
  return { things: things.rows.map(textOf), entries: entries.rows.map(textOf) };
}

const writing = implement(write, async ({ body, orgId, tx, audit }) => {
  await insertThing(tx, orgId, body.text);
  audit.about('thing:1', { length: body.text.length });
  return { text: body.text };
});

async function post(
  db: Db,
  route: Route,
  options: { auditor?: Auditor; token?: string; text?: string } = {},
): Promise<{ status: number; body: unknown; refused: unknown[] }> {
  const fixture = createFixture([route], { db, auditor: options.auditor ?? auditor });
  const answer = await fixture.app.inject({
    method: 'POST',
    url: '/things',
    headers: { authorization: `Bearer ${options.token ?? 'write'}` },
    payload: { text: options.text ?? 'new' },
  });
  return { status: answer.statusCode, body: answer.json(), refused: fixture.refused };
}

test('the entry of a success commits with the change that it records (H4)', async ({
  db,
  owner,
}) => {
  await prepare(owner);
  expect(await post(db, writing)).toMatchObject({ status: 200, body: { text: 'new' } });
  expect(await kept(owner)).toEqual({ things: ['new'], entries: ['thing:1 {"length":3}'] });
});

test('a change whose entry cannot be written does not happen (H4)', async ({ db, owner }) => {
  await prepare(owner);
  const failing: Auditor = { ...auditor, succeeded: () => Promise.reject(new Error('no')) };
  expect(await post(db, writing, { auditor: failing })).toMatchObject({ status: 500 });
  expect(await kept(owner)).toEqual({ things: [], entries: [] });
});

test('a handler that fails after its change leaves neither change nor entry (H4)', async ({
  db,
  owner,
}) => {
  await prepare(owner);
  const changesAndFails = implement(write, async ({ body, orgId, tx }) => {
    await insertThing(tx, orgId, body.text);
    throw new Fault('state.conflict', 'too late');
  });
  expect(await post(db, changesAndFails)).toMatchObject({ status: 409 });
  expect(await kept(owner)).toEqual({ things: [], entries: [] });
});

test('output that does not match its schema commits nothing (H4)', async ({ db, owner }) => {
  await prepare(owner);
  const broken = implement(write, async ({ orgId, tx }) => {
    await insertThing(tx, orgId, 'new');
    return {} as never;
  });
  expect(await post(db, broken)).toMatchObject({ status: 500, body: { code: 'service.broken' } });
  expect(await kept(owner)).toEqual({ things: [], entries: [] });
});

test('the transaction sees the caller’s organization and no other (H1)', async ({ db, owner }) => {
  await prepare(owner);
  const foreign = randomUUID() as OrganizationId;
  await sql`insert into thing values (${foreign}, 'foreign'), (${ACME}, 'own')`.execute(owner);
  const read = async ({ tx }: Pick<TenantInput, 'tx'>): Promise<{ text: string }> => {
    const { rows } = await sql<{ text: string }>`select text from thing`.execute(tx);
    return { text: rows.map(({ text }) => text).join() };
  };
  const reading = { ...write, audit: 'read' } as const;
  expect(await post(db, implement(reading, read))).toMatchObject({ body: { text: 'own' } });
  expect(await post(db, implementPlatform(reading, read))).toMatchObject({ body: { text: '' } });
});

test('an endpoint may act for an organization that it makes', async ({ db, owner }) => {
  await prepare(owner);
  const created = randomUUID() as OrganizationId;
  const founding = implement(
    write,
    async ({ orgId, tx, body }) => {
      await insertThing(tx, orgId, body.text);
      return { text: orgId };
    },
    { organization: () => created },
  );
  expect(await post(db, founding, { token: 'platform' })).toMatchObject({
    body: { text: created },
  });
  const { rows } = await sql`select org_id as "orgId" from entry`.execute(owner);
  expect(rows).toEqual([{ orgId: created }]);
});

test('text that PostgreSQL cannot hold is the caller’s mistake', async ({ db, owner }) => {
  await prepare(owner);
  const answer = await post(db, writing, { text: 'a\u0000b' });
  expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
});
