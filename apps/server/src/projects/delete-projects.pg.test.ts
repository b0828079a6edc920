import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newId } from '@sagewai/crypto';
import { cancelProject } from '@sagewai/fleet';
import { silentLog } from '@sagewai/log';
import { FileStore } from '@sagewai/objects';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { fileDatabaseTest, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { verifyDeletion } from '@sagewai/verify';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect } from 'vitest';

import { evidenceJwk } from './certificate.ts';
import { advanceDeletion, type DeletionParts } from './delete-projects.ts';
import {
  columnsThatName,
  dropChecks,
  fillProject,
  readParts,
  rowsNaming,
} from './fill-project-fixture.sql.ts';
import * as rows from './project-deletion.sql.ts';

const never = new AbortController().signal;
const signing = createSecretKey(randomBytes(32));

const test = fileDatabaseTest.extend<{ parts: DeletionParts }>({
  parts: async ({ db, dispatch }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sagewai-deletion-'));
    const fleet: DeletionParts['fleet'] = {
      cancelProject: (of, signal) =>
        cancelProject({ db, batch: 10, touch: () => undefined }, of, signal),
    };
    await use({
      db,
      dispatch,
      objects: new FileStore(folder),
      fleet,
      signing,
      settings: { graceMs: 0, retryMs: 0, batch: 2 },
      log: silentLog,
    });
    await rm(folder, { recursive: true });
  },
});

async function addProject(db: Db, orgId: OrganizationId, name: string): Promise<ProjectId> {
  const id = newId<ProjectId>();
  await inTenant(db, [orgId], (tx) =>
    sql`insert into project (id, org_id, name) values (${id}, ${orgId}, ${name})`.execute(tx),
  );
  return id;
}

const begin = (db: Db, of: { orgId: OrganizationId; projectId: ProjectId }, graceMs = 0) =>
  inTenant(db, [of.orgId], (tx) =>
    rows.beginDeletion(tx, { ...of, project: 'old', by: 'somebody', graceMs }),
  );

/** Tells when the objects of a second run are asked for. */
class StoppingStore extends FileStore {
  readonly #onSecond: () => void;
  #asked = 0;
  constructor(place: string, onSecond: () => void) {
    super(place);
    this.#onSecond = onSecond;
  }
  override list(prefix: string): ReturnType<FileStore['list']> {
    this.#asked += 1;
    if (this.#asked === 2) this.#onSecond();
    return super.list(prefix);
  }
}

const find = (db: Db, orgId: OrganizationId, name: string) =>
  inTenant(db, [orgId], (tx) => rows.findDeletion(tx, orgId, name));

/** Of the organization, or of what is gone anyway; not of one project. */
const OF_NO_PROJECT: Readonly<Record<string, string>> = {
  lost_share: 'sums of shares of a scope, without a project',
  project_deletion: 'what is told of a deletion',
  project_deletion_due: 'ends with the deletion',
  replaced_enrollment_secret: 'enrollment keys are of the organization',
};

test('the list of parts names every table that can be of a project (P1)', async ({ owner }) => {
  const parts = await readParts(owner);
  const listed = new Set(parts.map(({ name }) => name));
  const found = [...new Set((await columnsThatName(owner)).map(({ table }) => table))];
  expect(found.filter((table) => !listed.has(table) && OF_NO_PROJECT[table] === undefined)).toEqual(
    [],
  );
  const unused = Object.keys(OF_NO_PROJECT).filter(
    (table) => listed.has(table) || (table !== 'lost_share' && !found.includes(table)),
  );
  expect(unused).toEqual([]);
});

test('nothing can be purged of a project that is not being deleted, or of another organization', async ({
  db,
  parts,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  const foreign = await makeTenant(db);
  const purge = (org: OrganizationId) =>
    inTenant(db, [org], (tx) => rows.purgeSome(tx, { projectId, runIds: [], limit: 10 }));
  await expect(purge(orgId)).rejects.toThrow('is not being deleted');
  await begin(db, { orgId, projectId }, 60_000);
  await advanceDeletion(parts, { orgId, projectId }, never);
  await expect(purge(orgId)).rejects.toThrow('is not being deleted');
  await inTenant(db, [orgId], (tx) =>
    sql`update project_deletion set due_at = app_now() where project_id = ${projectId}`.execute(tx),
  );
  await inTenant(db, [orgId], (tx) => rows.startDeleting(tx, projectId));
  await expect(purge(foreign.orgId)).rejects.toThrow('is not being deleted');
  expect(await purge(orgId)).toBe(false);
});

test('whoever takes a deletion back while its runs are cancelled keeps the others (P3)', async ({
  db,
  parts,
}) => {
  const { orgId } = await makeTenant(db);
  const of = { orgId, projectId: await addProject(db, orgId, 'old') };
  await begin(db, of, 60_000);
  const wanted: boolean[] = [];
  const fleet: DeletionParts['fleet'] = {
    cancelProject: async ({ isWanted }) => {
      wanted.push(await inTenant(db, [orgId], isWanted));
      await inTenant(db, [orgId], (tx) => rows.takeBack(tx, of));
      wanted.push(await inTenant(db, [orgId], isWanted));
    },
  };
  await advanceDeletion({ ...parts, fleet }, of, never);
  expect(wanted).toEqual([true, false]);
});

test('whoever takes a deletion back waits for what is being taken away, which comes back with it (P3)', async ({
  db,
  owner,
}) => {
  const { orgId } = await makeTenant(db);
  const of = { orgId, projectId: await addProject(db, orgId, 'old') };
  await begin(db, of, 60_000);
  await using looking = await holdTransaction(db, [orgId], async (tx) => {
    expect(await rows.startDeleting(tx, of.projectId)).toMatchObject({ state: 'waiting' });
    await rows.park(tx, of);
  });
  const takingBack = inTenant(db, [orgId], (tx) => rows.takeBack(tx, of));
  await untilWaiting(owner);
  await looking.commit();
  expect(await takingBack).toBe(true);
  expect(await inTenant(db, [orgId], (tx) => rows.startDeleting(tx, of.projectId))).toBeNull();
});

test('what its artifacts are in the object store goes with it, and is counted (P2)', async ({
  db,
  parts,
}) => {
  const { orgId } = await makeTenant(db);
  const old = { orgId, projectId: await addProject(db, orgId, 'old') };
  const other = { orgId, projectId: await addProject(db, orgId, 'other') };
  const keys: string[] = [];
  for (const { projectId } of [old, old, old, other]) {
    const id = newId();
    await inTenant(db, [orgId], (tx) =>
      sql`
        insert into artifact (org_id, id, project_id, name, bytes, sha256, sealed_key, created_by)
        values (${orgId}, ${id}, ${projectId}, 'a', 4, 'x', 'x', 'test')
      `.execute(tx),
    );
    const key = `${orgId}/${id}/artifact/${newId()}`;
    await parts.objects.put(key, Buffer.from('part'));
    keys.push(key);
  }
  await begin(db, old);
  await advanceDeletion(parts, old, never);
  expect(await find(db, orgId, 'old')).toMatchObject({ state: 'deleted', objects: 3 });
  const left: string[] = [];
  for await (const page of parts.objects.list(`${orgId}/`)) left.push(...page.map((o) => o.key));
  expect(left).toEqual(keys.slice(3));
});

test('everything of a project is deleted and counted, nothing of another is touched, and a certificate says so (P2, P4)', async ({
  db,
  owner,
  parts,
}) => {
  const { orgId } = await makeTenant(db);
  const old = { orgId, projectId: await addProject(db, orgId, 'old') };
  const other = { orgId, projectId: await addProject(db, orgId, 'other') };
  const foreign = await makeTenant(db);
  await dropChecks(owner);
  const catalog = await readParts(owner);
  const awaited = new Set(catalog.filter(({ how }) => how === 'awaited').map(({ name }) => name));
  const tables = catalog
    .map(({ name }) => name)
    .filter((name) => !awaited.has(name) && name !== 'project_parked');
  const gone = await fillProject(owner, tables, old);
  const kept = [await fillProject(owner, tables, other), await fillProject(owner, tables, foreign)];
  const twice = await fillProject(owner, ['run', 'outcome', 'run_event'], old);
  for (const { orgId: whose, runId } of [gone, ...kept]) {
    await parts.objects.put(`${whose}/${runId}/payload/${newId()}`, Buffer.from('content'));
  }
  const before = await Promise.all(kept.map(({ ids }) => rowsNaming(owner, ids)));
  expect(Object.keys(before[0] ?? {})).toEqual(expect.arrayContaining(tables));

  await begin(db, old);
  // A call is under way: its reservation is waited for.
  await fillProject(owner, ['reservation'], old);
  await advanceDeletion(parts, old, never);
  expect(await find(db, orgId, 'old')).toMatchObject({
    state: 'deleting',
    waitsFor: '1 of reservation to end',
    deleted: {},
  });
  await sql`delete from reservation where project_id = ${old.projectId}`.execute(owner);

  // Killed midway: what is deleted is counted, and the next one goes on.
  const stop = new AbortController();
  const objects = new StoppingStore(parts.objects.place, () => stop.abort());
  await advanceDeletion({ ...parts, objects }, old, stop.signal);
  expect(await find(db, orgId, 'old')).toMatchObject({ state: 'deleting', objects: 1 });
  await advanceDeletion(parts, old, never);

  const done = await find(db, orgId, 'old');
  expect(done).toMatchObject({ state: 'deleted', objects: 1, waitsFor: null });
  const counts = done?.deleted ?? {};
  const wanted = catalog.filter(({ how }) => how === 'run' || how === 'rows');
  // What reached the project was taken away at first, and is deleted from where it was put.
  const parked = new Set([
    'credential',
    'key_rotation_due',
    'schedule_due',
    'trigger_due',
    'trigger_path',
  ]);
  expect(new Set(Object.keys(counts))).toEqual(
    new Set(wanted.map(({ name }) => name).filter((name) => !parked.has(name))),
  );
  expect(counts).toMatchObject({ run: 2, outcome: 2, run_event: 2, virtual_key: 1, worker: 1 });
  expect(counts).toMatchObject({ project_parked: parked.size });
  const left = await rowsNaming(owner, [...gone.ids, ...twice.ids]);
  expect(Object.keys(left)).toEqual([
    'audit_entry',
    'project',
    'project_deletion',
    'spend',
    'spend_daily',
  ]);
  expect(await Promise.all(kept.map(({ ids }) => rowsNaming(owner, ids)))).toEqual(before);
  for await (const page of parts.objects.list(`${orgId}/`)) expect(page).toHaveLength(1);

  const { rows: entries } = await sql<{ details: string }>`
    select details from audit_entry where action = 'project.deleted' and subject = ${`project:${old.projectId}`}
  `.execute(owner);
  const text = done?.certificate ?? '';
  expect(JSON.parse(text)).toMatchObject({
    project: { id: old.projectId, name: 'old' },
    deleted: expect.arrayContaining([{ table: 'run', rows: 2 }]),
    kept: expect.arrayContaining([expect.objectContaining({ table: 'spend', rows: 1 })]),
  });
  const { rows: named } = await sql<{ name: string }>`
    select name from project where id = ${old.projectId}
  `.execute(owner);
  expect(named).toEqual([{ name: `deleted ${old.projectId}` }]);
  expect(entries).toHaveLength(1);
  const signature = done?.signature ?? '';
  const key = evidenceJwk(signing);
  expect(verifyDeletion({ text, signature, key, entry: null })).toMatchObject({ kind: 'good' });
  expect(
    verifyDeletion({ text: text.replace('"rows":2', '"rows":1'), signature, key, entry: null }),
  ).toMatchObject({ kind: 'bad', breach: 'signature' });
});
