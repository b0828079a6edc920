import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fingerprintKey } from '@sagewai/crypto';
import { describeSchema } from '@sagewai/db';
import { ensureOrganization } from '@sagewai/identity';
import { FileStore } from '@sagewai/objects';
import { connect, type Db, inTenant, openSession, sql } from '@sagewai/postgres';
import { administer, fileDatabaseTest as test } from '@sagewai/testing';
import { appendAudit } from '@sagewai/trust';
import { afterAll, beforeAll, expect } from 'vitest';

import { findBrokenChains } from './catalog.sql.ts';
import { collect } from './collect.ts';
import { backUp, check, restore } from './commands.ts';
import type { Contents } from './manifest.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sagewai-backup-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const quiet = { passphrase: null, onTold: () => undefined };
const never = (): AbortSignal => new AbortController().signal;
const at = (url: string, name: string): string =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;
const fingerprintOfKey = (text: string): string =>
  fingerprintKey(createSecretKey(Buffer.from(text, 'base64url')));
const storeOf = (name: string): FileStore => new FileStore(join(folder, name));

/** An organization with an audit log, a run of last year and one of today, and an object. */
async function addLife(db: Db, owner: Db, name: string): Promise<string> {
  const { organization } = await ensureOrganization(db, { name, actor: 'test' });
  await inTenant(db, [organization.id], async (tx) => {
    for (const action of ['one', 'two']) {
      await appendAudit(tx, {
        orgId: organization.id,
        actor: 'test',
        action,
        subject: `tab\tbreak\nback\\slash "ünï"`,
        outcome: 'ok',
        requestId: '',
        details: { n: 1 },
      });
    }
  });
  for (const age of ['400 days', '0 days']) {
    await sql`
      insert into run (run_id, org_id, project_id, sq, prio, seq, max_attempts, submitted_by, created_at, payload)
      select overlay(uuid_at(now() - ${age}::interval)::text placing '7abc-8abc' from 15)::uuid,
             ${organization.id}, gen_random_uuid(), 1, 0, nextval('ready_seq'), 3, 't', now(), '{"a":"\\n"}'
    `.execute(owner);
  }
  await storeOf('objects').put(`${organization.id}/runs/a`, Buffer.from(name));
  return organization.id;
}

async function digestOf(url: string, objects: FileStore): Promise<Contents> {
  const session = await openSession(url);
  let found: Contents | null = null;
  try {
    const all = collect(
      { session, objects, createdAt: new Date(), onTold: () => undefined, signal: never() },
      (_, contents) => {
        found = contents;
      },
    );
    for await (const _ of all) continue;
  } finally {
    await session.close();
  }
  if (found === null) throw new Error('nothing was collected');
  return found;
}

async function schemaOf(url: string): Promise<string> {
  const all = connect({ url, role: null, maxConnections: 1 });
  try {
    return await describeSchema(all);
  } finally {
    await all.close();
  }
}

test('what is backed up while others write comes back as one moment, to the row', async ({
  url,
  adminUrl,
  db,
  owner,
}) => {
  const one = await addLife(db, owner, 'first');
  const wanted = await digestOf(url, storeOf('objects'));
  const file = join(folder, 'one.tar.gz');
  // The first table is told after the snapshot was taken: what comes now is not in it.
  const writing: Promise<string>[] = [];
  const made = await backUp(file, {
    ...quiet,
    url,
    objects: storeOf('objects'),
    signal: never(),
    onTold: () => {
      if (writing.length === 0) writing.push(addLife(db, owner, 'later'));
    },
  });
  expect(await Promise.all(writing)).toHaveLength(1);
  expect(made.rows).toBe(wanted.tables.reduce((sum, { rows }) => sum + rows, 0));
  expect(made.left_out).toHaveProperty('kept_secret');

  const name = `${new URL(url).pathname.slice(1)}_copy`;
  await administer(adminUrl, `create database ${name} owner ${new URL(url).username}`);
  try {
    const objects = storeOf('copy');
    await restore(file, { ...quiet, url: at(url, name), objects, signal: never() }, null);
    const found = await digestOf(at(url, name), objects);
    expect(found.tables).toEqual(wanted.tables);
    expect(found.objects).toEqual(wanted.objects);
    expect((await objects.get(`${one}/runs/a`))?.toString()).toBe('first');
    expect(await schemaOf(at(url, name))).toBe(await schemaOf(url));
    // Sequences may be ahead of the rows, never behind them.
    const next = (all: Contents): bigint =>
      BigInt(all.sequences.find((each) => each.name === 'ready_seq')?.value ?? '0');
    expect(next(found)).toBeGreaterThanOrEqual(next(wanted));

    // The guards are up again: a serving role sees its own rows only, and the log is not rewritten.
    const serving = connect({ url: at(url, name), role: 'sagewai_request', maxConnections: 1 });
    const top = connect({ url: at(adminUrl, name), role: null, maxConnections: 1 });
    try {
      const { rows: unseen } = await sql`select from run`.execute(serving);
      expect(unseen).toEqual([]);
      await expect(sql`update audit_entry set actor = 'x'`.execute(top)).rejects.toThrow(
        /append-only/,
      );
    } finally {
      await Promise.all([serving.close(), top.close()]);
    }
    await expect(
      restore(file, { ...quiet, url: at(url, name), objects, signal: never() }, null),
    ).rejects.toThrow('the database is not empty');
  } finally {
    await administer(adminUrl, `drop database ${name} with (force)`);
  }
});

test('a byte that was changed is refused and named, encrypted or not; nothing is restored', async ({
  url,
}) => {
  for (const passphrase of [null, 'correct horse battery']) {
    const file = join(folder, `flip-${passphrase === null}.tar.gz`);
    await backUp(file, { ...quiet, passphrase, url, objects: storeOf('objects'), signal: never() });
    await expect(check(file, { passphrase, signal: never() })).resolves.toMatchObject({ file });
    const whole = await readFile(file);
    for (const place of passphrase === null ? [0.2, 0.5, 0.9] : [0.5]) {
      const bytes = Buffer.from(whole);
      const position = Math.floor(bytes.length * place);
      bytes[position] = (bytes[position] ?? 0) ^ 0x10;
      await writeFile(`${file}.bad`, bytes);
      await expect(check(`${file}.bad`, { passphrase, signal: never() })).rejects.toThrow(
        /damaged/,
      );
    }
    await writeFile(`${file}.bad`, whole.subarray(0, whole.length - 300));
    await expect(check(`${file}.bad`, { passphrase, signal: never() })).rejects.toThrow(/damaged/);
  }
  const secret = join(folder, 'flip-false.tar.gz');
  await expect(
    check(secret, { passphrase: 'another one entirely', signal: never() }),
  ).rejects.toThrow('the passphrase does not open');
  await expect(check(secret, { passphrase: null, signal: never() })).rejects.toThrow('encrypted');
});

test('another key is refused with its reason, and none with what to do', async ({ url, owner }) => {
  await sql`
    insert into key_fingerprint (purpose, fingerprint) values ('SAGEWAI_ENCRYPTION_KEY', 'abc') on conflict do nothing
  `.execute(owner);
  const file = join(folder, 'keys.tar.gz');
  await backUp(file, { ...quiet, url, objects: storeOf('objects'), signal: never() });
  const common = { ...quiet, url, objects: storeOf('objects'), signal: never() };
  const other = randomBytes(32).toString('base64url');
  await expect(
    restore(file, common, { JWT_SECRET: null, SAGEWAI_ENCRYPTION_KEY: other }),
  ).rejects.toThrow('is another one than that of the backup');
  await expect(
    restore(file, common, { JWT_SECRET: null, SAGEWAI_ENCRYPTION_KEY: null }),
  ).rejects.toThrow('copy secrets/ of the former home');

  // In the middle of replacing a key, the former one is needed, too.
  const [present, former] = [other, randomBytes(32).toString('base64url')];
  await sql`update key_fingerprint set fingerprint = ${fingerprintOfKey(present)}`.execute(owner);
  await sql`
    insert into encryption_key (fingerprint, replaced_at) values (${fingerprintOfKey(former)}, app_now())
  `.execute(owner);
  await backUp(file, { ...common, url });
  const one = { JWT_SECRET: null, SAGEWAI_ENCRYPTION_KEY: present };
  await expect(restore(file, common, one)).rejects.toThrow(fingerprintOfKey(former));
  await expect(
    restore(file, common, { ...one, SAGEWAI_ENCRYPTION_KEYS_OTHER: `${present},${former}` }),
  ).rejects.not.toThrow('fingerprint');
});

test('what is interrupted leaves no file and no row', async ({ url, adminUrl }) => {
  const target = join(folder, 'interrupted');
  await mkdir(target);
  const stop = new AbortController();
  const objects = storeOf('objects');
  const onTold = (): void => stop.abort(new Error('stopped'));
  await expect(
    backUp(target, { ...quiet, url, objects, signal: stop.signal, onTold }),
  ).rejects.toThrow(/stopped|aborted/);
  expect(await readdir(target)).toEqual([]);

  const file = join(folder, 'whole.tar.gz');
  await backUp(file, { ...quiet, url, objects, signal: never() });
  const name = `${new URL(url).pathname.slice(1)}_stop`;
  await administer(adminUrl, `create database ${name} owner ${new URL(url).username}`);
  try {
    const again = new AbortController();
    const into = { ...quiet, url: at(url, name), objects: storeOf('y') };
    await expect(
      restore(
        file,
        { ...into, signal: again.signal, onTold: () => again.abort(new Error('stopped')) },
        null,
      ),
    ).rejects.toThrow('stopped');
    const { tables } = await digestOf(at(url, name), storeOf('none'));
    expect(tables.find((table) => table.name === 'organization_directory')?.rows).toBe(0);
    // And the next attempt goes through.
    await restore(file, { ...into, signal: never() }, null);
  } finally {
    await administer(adminUrl, `drop database ${name} with (force)`);
  }
});

test('a log that was rewritten before the backup is not restored as whole', async ({ owner }) => {
  expect(await findBrokenChains(owner)).toEqual([]);
  const { rows } = await sql<{
    id: string;
  }>`select org_id as id from audit_head where seq >= 2 limit 1`.execute(owner);
  await sql`alter table audit_entry disable trigger an_entry_is_never_changed`.execute(owner);
  await sql`update audit_entry set actor = 'nobody' where org_id = ${rows[0]?.id} and seq = 2`.execute(
    owner,
  );
  await sql`alter table audit_entry enable trigger an_entry_is_never_changed`.execute(owner);
  expect(await findBrokenChains(owner)).toEqual([{ organization: rows[0]?.id, seq: '2' }]);
});
