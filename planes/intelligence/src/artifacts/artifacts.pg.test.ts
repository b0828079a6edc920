import { hash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureProject } from '@sagewai/identity';
import { inTenant, sql } from '@sagewai/postgres';
import { ARTIFACT_PART_BYTES } from '@sagewai/wire';
import { expect } from 'vitest';

import type { Answer, IntelligenceFixture } from '../intelligence-fixture.ts';
import { intelligenceTest as test } from '../intelligence-test.ts';
import { insertArtifact, listMadeByRun, noteComplete, upsertPart } from './artifacts.sql.ts';

const BASE = '/api/v1/artifacts';
const digest = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

async function begin(
  replica: IntelligenceFixture,
  bytes: Buffer,
  more: object = {},
): Promise<Answer> {
  const body = { name: 'model/adapter.bin', bytes: bytes.length, sha256: digest(bytes), ...more };
  return replica.call(`POST ${BASE}`, 'write', body);
}

const put = (
  replica: IntelligenceFixture,
  id: string,
  part: number,
  bytes: Buffer,
): Promise<Answer> =>
  replica.call(`PUT ${BASE}/${id}/parts/${part}`, 'write', { data: bytes.toString('base64') });

async function sent(replica: IntelligenceFixture, bytes: Buffer): Promise<string> {
  const { id } = (await begin(replica, bytes)).body.artifact;
  await put(replica, id, 0, bytes);
  expect((await replica.call(`POST ${BASE}/${id}/complete`, 'write')).status).toBe(200);
  return id;
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('an artifact of several parts is read as it was sent, whatever their order', async ({
  replica,
}) => {
  const bytes = randomBytes(ARTIFACT_PART_BYTES + 5);
  const made = await begin(replica, bytes);
  expect([made.status, made.body.artifact.parts]).toEqual([201, 2]);
  const { id } = made.body.artifact;
  await put(replica, id, 1, bytes.subarray(ARTIFACT_PART_BYTES));
  const early = await replica.call(`POST ${BASE}/${id}/complete`, 'write');
  expect([early.status, early.body.detail]).toEqual([409, expect.stringContaining('1 of its 2')]);
  await put(replica, id, 0, bytes.subarray(0, ARTIFACT_PART_BYTES));
  const unread = await replica.call(`GET ${BASE}/${id}/parts/0`, 'write');
  expect(unread.status).toBe(409);
  await replica.call(`POST ${BASE}/${id}/complete`, 'write');
  const parts = await Promise.all(
    [0, 1].map(
      async (part) => (await replica.call(`GET ${BASE}/${id}/parts/${part}`, 'write')).body,
    ),
  );
  expect(digest(Buffer.concat(parts.map(({ data }) => Buffer.from(data, 'base64'))))).toBe(
    digest(bytes),
  );
  expect((await replica.call(`GET ${BASE}`, 'write')).body.artifacts).toMatchObject([
    { id, name: 'model/adapter.bin', run_id: null, created_by: 'token:of-write' },
  ]);
  // It stays what it is.
  expect((await put(replica, id, 0, bytes.subarray(0, ARTIFACT_PART_BYTES))).status).toBe(409);
  // Whoever only looks sees nothing of it.
  expect((await replica.call(`POST ${BASE}/${id}/complete`, 'read')).status).toBe(403);
});

test('what is not what its sender has said is never complete (B2)', async ({ replica }) => {
  const bytes = Buffer.from('what was promised');
  const { id } = (await begin(replica, bytes)).body.artifact;
  expect((await put(replica, id, 0, Buffer.from('short'))).status).toBe(400);
  expect((await put(replica, id, 1, bytes)).status).toBe(400);
  await put(replica, id, 0, Buffer.from('what was premised'));
  const other = await replica.call(`POST ${BASE}/${id}/complete`, 'write');
  expect([other.status, other.body.detail]).toEqual([409, expect.stringContaining('digest')]);
  await put(replica, id, 0, bytes);
  expect((await replica.call(`POST ${BASE}/${id}/complete`, 'write')).status).toBe(200);
});

test('names lead nowhere else, and there is only so much room', async ({ replicaWith }) => {
  const replica = replicaWith({ artifactBytesMax: 20, artifactsBytesMax: 30 });
  for (const name of ['../x', '/x', 'a/../b', '.env', 'a//b', 'a\\b', '']) {
    expect([name, (await begin(replica, Buffer.from('x'), { name })).status]).toEqual([name, 400]);
  }
  expect((await begin(replica, Buffer.alloc(21))).status).toBe(413);
  const answers = await Promise.all([1, 2, 3].map(() => begin(replica, Buffer.alloc(20))));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 413, 413]);
});

test('an artifact is of one project (B1)', async ({ replica, replicaWith, db, tenant }) => {
  const id = await sent(replica, Buffer.from('ours'));
  const { orgId } = tenant;
  const { id: projectId } = await inTenant(db, [orgId], (tx) =>
    ensureProject(tx, { orgId, name: 'beside', actor: 'test' }),
  );
  const beside = replicaWith({}, { ...tenant, projectId });
  const key = await beside.key();
  for (const target of [`GET ${BASE}/${id}`, `GET ${BASE}/${id}/parts/0`, `DELETE ${BASE}/${id}`]) {
    expect([target, (await beside.call(target, key)).status]).toEqual([target, 404]);
  }
  expect((await beside.call(`GET ${BASE}`, key)).body.artifacts).toEqual([]);
  expect((await replica.call(`GET ${BASE}/${id}/parts/0`, await replica.key())).status).toBe(200);
});

test('its parts are sealed, and one that was changed is not read (B3)', async ({ replica }) => {
  const id = await sent(replica, Buffer.from('weights of ours'));
  const [file = ''] = await filesIn(replica.folder);
  const stored = await readFile(file, 'utf8');
  expect(stored).not.toContain('weights');
  const at = stored.length - 5;
  await writeFile(
    file,
    stored.slice(0, at) + (stored[at] === 'A' ? 'B' : 'A') + stored.slice(at + 1),
  );
  expect((await replica.call(`GET ${BASE}/${id}/parts/0`, 'write')).status).toBe(404);
});

test('what no row names goes from the store, and what one names stays (B4)', async ({
  replicaWith,
}) => {
  const replica = replicaWith({ objectGraceMs: -1 });
  const [kept, gone] = [
    await sent(replica, Buffer.from('one')),
    await sent(replica, Buffer.from('other')),
  ];
  await replica.call(`DELETE ${BASE}/${gone}`, 'write');
  const sweep = replica.intelligence.jobs.find(({ name }) => name === 'intelligence.artifacts');
  await sweep?.run(AbortSignal.timeout(10_000));
  expect(await filesIn(replica.folder)).toEqual([expect.stringContaining(kept)]);
});

test('a run that makes the same file again has the later one (B2)', async ({ db, tenant }) => {
  const { orgId, projectId } = tenant;
  const runId = '0199aaaa-0000-7000-8000-000000000001';
  const file = { orgId, projectId, runId, name: 'a', bytes: 1, createdBy: 't', sealedKey: 'k' };
  const [first, second] = [
    '0199aaaa-0000-7000-8000-00000000000a',
    '0199aaaa-0000-7000-8000-00000000000b',
  ];
  await inTenant(db, [orgId], async (tx) => {
    await insertArtifact(tx, { ...file, id: first, sha256: '1' });
    await insertArtifact(tx, { ...file, id: second, sha256: '2' });
    expect(await upsertPart(tx, { orgId, id: first }, { part: 0, objectId: first })).toBe(false);
    expect(await listMadeByRun(tx, orgId, runId)).toEqual([]);
    await upsertPart(tx, { orgId, id: second }, { part: 0, objectId: first });
    // Another part was put since they were compared.
    expect(await noteComplete(tx, { orgId, id: second }, [second])).toBeNull();
    await noteComplete(tx, { orgId, id: second }, [first]);
    // Whoever looked before it was complete comes too late.
    expect(await upsertPart(tx, { orgId, id: second }, { part: 0, objectId: second })).toBe(false);
    expect(await listMadeByRun(tx, orgId, runId)).toMatchObject([{ id: second, sha256: '2' }]);
    const { rows } = await sql`select from artifact`.execute(tx);
    expect(rows).toHaveLength(1);
  });
});
