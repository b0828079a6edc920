import { randomBytes } from 'node:crypto';

import { fingerprintKey, type MasterKeys, open, parseMasterKey, seal } from '@sagewai/crypto';
import { silentLog } from '@sagewai/log';
import { type Db, inTransaction, sql, type Statement } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { sinkContext } from '@sagewai/trust';
import { expect } from 'vitest';

import { parseServerKeys, type ServerKeys } from '../server-keys.ts';
import { admitKeys } from './admit-keys.ts';
import { type EncryptionParts, organizationsOf, resealRound } from './encryption-jobs.ts';
import { readKeys } from './key-register.sql.ts';
import { keysFor, PURPOSES } from './purposes.ts';
import { countSealed, resealAll } from './reseal.ts';
import type { SealedColumn } from './sealed-column.sql.ts';
import { SEALED_COLUMNS } from './sealed-columns.sql.ts';
import { sealRows } from './sealed-rows-fixture.sql.ts';
import { SEALED_OF_TOOLS } from './sealed-tools.sql.ts';

const secret = (): string => randomBytes(32).toString('base64url');
const JWT = secret();
const [OLD, NEW] = [secret(), secret()];
const fingerprintOf = (text: string): string => {
  const parsed = parseMasterKey(text);
  return parsed.kind === 'key' ? fingerprintKey(parsed.key) : '';
};
const never = new AbortController().signal;

/** A start of a server with these keys: the first is SAGEWAI_ENCRYPTION_KEY. */
async function start(dispatch: Db, present: string, ...others: string[]): Promise<ServerKeys> {
  const keys = parseServerKeys(JWT, present, others);
  const of = { keys: keys.sealing, replica: keys.replica, aliveMs: 60_000, log: silentLog };
  return { ...keys, ...(await admitKeys(dispatch, of)) };
}

const partsOf = (db: Db, dispatch: Db, keys: ServerKeys): EncryptionParts => ({
  db,
  dispatch,
  keys,
  settings: { seenMs: 20_000, resealMs: 0 },
  log: silentLog,
});

/** Everything that stands in the list, as its planes would open it; throws for what does not open. */
async function openEverything(owner: Db, keys: MasterKeys): Promise<string[]> {
  const opened: string[] = [];
  for (const { table, column, purpose, from, value, how } of SEALED_COLUMNS) {
    if (how.by === 'expiry') continue;
    const { rows } = await sql<{ sealed: string; names: string[] }>`
      select ${value} as sealed, ${how.names} as names from ${from} where ${value} is not null
    `.execute(owner);
    for (const { sealed, names } of rows) {
      const context = how.contextOf(names);
      const read = open(keysFor(keys, purpose), sealed, context);
      if (read.kind === 'refused') throw new Error(`${table}.${column} does not open`);
      if (table !== 'lasting_key') expect(read.data.toString()).toBe(`canary ${context}`);
      opened.push(`${table}.${column}`);
    }
  }
  return opened;
}

const isMoved = ({ how }: SealedColumn): boolean => how.by === 'row';
const listed = SEALED_COLUMNS.filter(isMoved).map(({ table, column }) => `${table}.${column}`);

test('a key is replaced while servers run: every sealed column moves, and opens without the former key (R2, R3, R4)', async ({
  db,
  dispatch,
  owner,
}) => {
  const first = await start(dispatch, OLD);
  const tenants = [await makeTenant(db), await makeTenant(db), await makeTenant(db)];
  for (const tenant of tenants) await sealRows(owner, first.sealing, tenant);
  expect(new Set(await openEverything(owner, first.sealing))).toEqual(new Set(listed));

  // Step 1 is left out: the server that runs could not read what another would seal.
  await expect(start(dispatch, NEW, OLD)).rejects.toThrow(/first give it to all of them/);
  await sql`delete from key_holder`.execute(owner);
  const both = await start(dispatch, OLD, NEW);
  const next = await start(dispatch, NEW, OLD);
  expect(next.lasting.requestHash.export()).toEqual(first.lasting.requestHash.export());
  // One that restarts with the settings of before seals as the others do.
  expect((await start(dispatch, OLD, NEW)).sealing.map(fingerprintKey)[0]).toBe(fingerprintOf(NEW));
  await expect(start(dispatch, NEW)).rejects.toThrow(/may still stand under the former key/);

  const round = await resealRound(partsOf(db, dispatch, next), never);
  // One of each column and organization, and the two lasting keys.
  expect(round).toMatchObject({ moved: (listed.length - 1) * 3 + 2, overtaken: 0, whole: true });
  // A server that seals with the former key still runs, and sign-ins at providers are under way.
  expect(await readKeys(dispatch)).toMatchObject([
    { fingerprint: fingerprintOf(NEW), replacedAt: null },
    { fingerprint: fingerprintOf(OLD), remaining: 3, emptiedAt: null },
  ]);
  await sql`delete from oidc_login`.execute(owner);
  await resealRound(partsOf(db, dispatch, next), never);
  expect((await readKeys(dispatch))[1]).toMatchObject({ remaining: 0, emptiedAt: null });
  await sql`delete from key_holder where replica = ${both.replica}`.execute(owner);
  await resealRound(partsOf(db, dispatch, next), never);
  // Counted once: what was under way may still commit.
  expect((await readKeys(dispatch))[1]).toMatchObject({ remaining: 0, emptiedAt: null });
  await resealRound(partsOf(db, dispatch, next), never);
  expect((await readKeys(dispatch))[1]?.emptiedAt).not.toBeNull();

  const last = await start(dispatch, NEW);
  expect(last.sealing).toHaveLength(1);
  expect(last.lasting.contentReference.export()).toEqual(first.lasting.contentReference.export());
  expect(new Set(await openEverything(owner, last.sealing))).toEqual(new Set(listed));
  await expect(start(dispatch, OLD)).rejects.toThrow(/^SAGEWAI_ENCRYPTION_KEY is not the one/);
  const { rows } = await sql<{ action: string }>`
    select action from audit_entry where action like 'encryption.%' order by seq
  `.execute(owner);
  expect(rows.map(({ action }) => action)).toEqual([
    'encryption.keyReplaced',
    'encryption.keyEmptied',
  ]);
});

test('a row that is changed meanwhile stays what it has become (R1)', async ({
  db,
  dispatch,
  owner,
}) => {
  const first = await start(dispatch, OLD, NEW);
  const tenant = await makeTenant(db);
  await sealRows(owner, first.sealing, tenant);
  const next = await start(dispatch, NEW, OLD);
  const { rows } = await sql<{ id: string }>`select id from audit_sink`.execute(owner);
  const id = rows[0]?.id ?? '';
  const changed = seal(keysFor(first.sealing, 'audit-sink')[0], 'changed', sinkContext(id));
  await using held = await holdTransaction(db, [tenant.orgId], (tx) =>
    sql`update audit_sink set secret_sealed = ${changed} where id = ${id}`.execute(tx),
  );
  const round = resealRound(partsOf(db, dispatch, next), never);
  await untilWaiting(owner);
  await held.commit();
  expect(await round).toMatchObject({ overtaken: 1, whole: true });
  const read = async () => {
    const found = await sql<{ sealed: string }>`
      select secret_sealed as sealed from audit_sink
    `.execute(owner);
    const opened = open(
      keysFor(next.sealing, 'audit-sink'),
      found.rows[0]?.sealed ?? '',
      sinkContext(id),
    );
    return opened.kind === 'opened' ? opened.data.toString() : null;
  };
  expect(await read()).toBe('changed');
  expect(await resealRound(partsOf(db, dispatch, next), never)).toMatchObject({ moved: 1 });
  expect(await read()).toBe('changed');
});

test('a round whose connection is killed leaves every row under one key or the other, and the next one ends it (R2)', async ({
  db,
  dispatch,
  owner,
}) => {
  const first = await start(dispatch, OLD, NEW);
  const tenants = [await makeTenant(db), await makeTenant(db)];
  for (const tenant of tenants) await sealRows(owner, first.sealing, tenant);
  const next = await start(dispatch, NEW, OLD);
  const parts = partsOf(db, dispatch, next);
  {
    await using held = await holdTransaction(owner, [], (tx) =>
      sql`select from run_trigger order by id desc limit 1 for update`.execute(tx),
    );
    const round = resealRound(parts, never).catch((error: unknown) => error);
    await untilWaiting(owner);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'
    `.execute(owner);
    expect(await round).toBeInstanceOf(Error);
    await held.rollback();
  }
  const counted = await countSealed({
    ...parts,
    keys: next.sealing,
    organizations: organizationsOf(db),
  });
  expect(counted.under(fingerprintOf(OLD))).toBeGreaterThan(0);
  expect(counted.under(fingerprintOf(NEW))).toBeGreaterThan(10);
  expect(new Set(await openEverything(owner, next.sealing))).toEqual(new Set(listed));
  await sql`delete from oidc_login`.execute(owner);
  await resealRound(parts, never);
  expect((await readKeys(dispatch))[1]).toMatchObject({ remaining: 0 });
});

test('what does not open is told, keeps no key needed, and is not touched', async ({
  db,
  dispatch,
  owner,
}) => {
  const first = await start(dispatch, OLD, NEW);
  const sealed = seal(keysFor(first.sealing, 'gateway-model')[0], 'x', 'of another row');
  await inTransaction(dispatch, (tx) =>
    sql`insert into stored_model (id, sealed, created_by) values ('m', ${sealed}, 't')`.execute(tx),
  );
  const next = await start(dispatch, NEW, OLD);
  await sql`delete from key_holder where replica = ${first.replica}`.execute(owner);
  const parts = partsOf(db, dispatch, next);
  await resealRound(parts, never);
  const round = await resealRound(parts, never);
  expect(round.broken).toEqual(new Map([[fingerprintOf(OLD), 1]]));
  expect((await readKeys(dispatch))[1]).toMatchObject({ remaining: 1, broken: 1 });
  expect((await readKeys(dispatch))[1]?.emptiedAt).not.toBeNull();
  const { rows } = await sql<{ sealed: string }>`select sealed from stored_model`.execute(owner);
  expect(rows).toEqual([{ sealed }]);
  const stopped = { ...parts, keys: next.sealing, organizations: organizationsOf(db) };
  expect(await resealAll({ ...stopped, signal: AbortSignal.abort() })).toMatchObject({
    whole: false,
  });
});

/** Named like a secret, or bytes, and yet not sealed under the operator's key. */
const NOT_SEALED: Readonly<Record<string, string>> = {
  'account_passkey.credential_id': 'told by the authenticator',
  'account_passkey.public_key': 'public',
  'account_password.hash': 'argon2id',
  'account_recovery_code.hash': 'SHA-256',
  'audit_entry.hash': 'SHA-256',
  'audit_entry.previous_hash': 'SHA-256',
  'audit_head.hash': 'SHA-256',
  'credential.hash': 'SHA-256',
  'key_holder.sealing': 'a fingerprint',
  'kept_secret.value': 'in clear, for the owner alone: the keys of a server without a home (I7)',
  'knowledge_chunk.vector': 'in clear, as the passage beside it',
  'match_class.labels_hash': 'a hash of labels',
  'oidc_login.browser_hash': 'SHA-256',
  'oidc_login.state_hash': 'SHA-256',
  'organization_directory.name_hash': 'SHA-256',
  'platform_token.hash': 'SHA-256',
  'project_key.wrapped': "under its organization's key, which is wrapped",
  'replaced_enrollment_secret.hash': 'SHA-256',
  'sign_in_attempt.subject': 'a keyed hash',
  'spent_challenge.hash': 'SHA-256',
  'tool_call.arguments_sealed': 'under the key of its call, which is sealed',
  'tool_call.key': 'SHA-256',
  'tool_call.message_sealed': 'as its arguments',
  'tool_call.result_sealed': 'as its arguments',
};

test('every column that could hold something sealed is in the list or says why not, and so does what is sealed in any text', async ({
  db,
  dispatch,
  owner,
}) => {
  const { rows } = await sql<{ at: string; isBytes: boolean }>`
    select c.relname || '.' || a.attname as at, a.atttypid = 'bytea'::regtype as "isBytes"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and (a.atttypid = 'bytea'::regtype
        or (a.atttypid = 'text'::regtype and a.attname ~ 'seal|wrap|secret|cipher|encrypt|id_token'))
    order by 1
  `.execute(owner);
  const found = rows.map(({ at }) => at);
  const inList = new Set(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`));
  expect(found.filter((at) => !inList.has(at) && NOT_SEALED[at] === undefined)).toEqual([]);
  for (const { table, column } of SEALED_OF_TOOLS) expect(found).toContain(`${table}.${column}`);
  const columns = await sql<{ at: string }>`
    select table_name || '.' || column_name as at from information_schema.columns
    where table_schema = 'public'
  `.execute(owner);
  const there = new Set(columns.rows.map(({ at }) => at));
  expect([...inList, ...Object.keys(NOT_SEALED)].filter((at) => !there.has(at))).toEqual([]);

  const keys = await start(dispatch, OLD);
  await sealRows(owner, keys.sealing, await makeTenant(db));
  const { rows: texts } = await sql<{ table: string; column: string }>`
    select c.relname as table, a.attname as column from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.atttypid = 'text'::regtype
  `.execute(owner);
  const sealed: string[] = [];
  for (const { table, column } of texts) {
    const text = `select exists (select from "${table}" where "${column}" like 's1.%') as some`;
    const { rows: said } = await raw<{ some: boolean }>(text).execute(owner);
    if (said[0]?.some === true) sealed.push(`${table}.${column}`);
  }
  expect(sealed.toSorted()).toEqual(
    SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted(),
  );
  const used = new Set(SEALED_COLUMNS.map(({ purpose }) => purpose));
  const wanted = Object.entries(PURPOSES).filter(([, where]) => where === 'rows');
  expect([...used].toSorted()).toEqual(wanted.map(([purpose]) => purpose).toSorted());
});

const raw = <Row>(text: string): Statement<Row> =>
  sql<Row>(Object.assign([text], { raw: [text] }) as TemplateStringsArray);
