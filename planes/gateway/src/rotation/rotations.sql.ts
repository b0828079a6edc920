import { type Db, type Executor, sql, type Tx } from '@sagewai/postgres';
import type { KeyId, OrganizationId } from '@sagewai/wire';

import type { Rotation } from './rotation.ts';

interface KeyOf {
  readonly orgId: OrganizationId;
  readonly id: KeyId;
}

/** From now on, every so often. */
export async function scheduleRotation(
  tx: Tx,
  { orgId, id }: KeyOf,
  { interval, everySeconds }: { readonly interval: string; readonly everySeconds: number },
): Promise<void> {
  await sql`
    insert into key_rotation as r (org_id, key_id, interval_text, every_seconds, rotates_at)
    values (${orgId}, ${id}, ${interval}, ${everySeconds}, app_now() + make_interval(secs => ${everySeconds}))
    on conflict (org_id, key_id) do update
    set interval_text = excluded.interval_text, every_seconds = excluded.every_seconds,
        rotates_at = excluded.rotates_at
  `.execute(tx);
  await makeDue(tx, { orgId, id });
}

export async function stopRotation(tx: Tx, { orgId, id }: KeyOf): Promise<void> {
  await sql`
    update key_rotation set interval_text = null, every_seconds = null, rotates_at = null
    where org_id = ${orgId} and key_id = ${id}
  `.execute(tx);
  await sql`delete from key_rotation_due where org_id = ${orgId} and key_id = ${id}`.execute(tx);
}

/** The key has a new value; what was told of a former one is replaced. */
export async function noteRotated(
  tx: Tx,
  { orgId, id }: KeyOf,
  { overlapMs, sealed }: { readonly overlapMs: number; readonly sealed: string | null },
): Promise<void> {
  const overlap = sql`app_now() + make_interval(secs => ${overlapMs / 1_000})`;
  await sql`
    insert into key_rotation as r (org_id, key_id, rotated_at, rotation_count, former_until, sealed)
    values (${orgId}, ${id}, app_now(), 1, ${overlap}, ${sealed})
    on conflict (org_id, key_id) do update
    set rotated_at = excluded.rotated_at, rotation_count = r.rotation_count + 1, sealed = excluded.sealed,
        former_until = excluded.former_until,
        rotates_at = app_now() + make_interval(secs => r.every_seconds)
  `.execute(tx);
  await makeDue(tx, { orgId, id });
}

/** As its key says; one that does not rotate by itself is not due. */
async function makeDue(tx: Tx, { orgId, id }: KeyOf): Promise<void> {
  await sql`
    insert into key_rotation_due (org_id, key_id, due_at)
    select org_id, key_id, rotates_at from key_rotation
    where org_id = ${orgId} and key_id = ${id} and rotates_at is not null
    on conflict (org_id, key_id) do update set due_at = excluded.due_at
  `.execute(tx);
}

export async function listRotations(
  db: Executor,
  orgId: OrganizationId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Rotation>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Rotation>`
    select key_id as "keyId", interval_text as interval, rotates_at as "rotatesAt",
           rotated_at as "rotatedAt", rotation_count as count, sealed is not null as "isWaiting",
           case when former_until > app_now() then former_until end as "formerUntil"
    from key_rotation where org_id = ${orgId} and key_id = any(${ids}::uuid[])
  `.execute(db);
  return new Map(rows.map((row) => [row.keyId, row]));
}

export async function listDueRotations(db: Db, limit: number): Promise<KeyOf[]> {
  const { rows } = await sql<KeyOf>`
    select org_id as "orgId", key_id as id from key_rotation_due
    where due_at <= app_now() order by due_at limit ${limit}
  `.execute(db);
  return rows;
}

/** Locked; null when it is not due any more. */
export async function holdDueRotation(
  tx: Tx,
  { orgId, id }: KeyOf,
): Promise<{ readonly everySeconds: number } | null> {
  const { rows } = await sql<{ everySeconds: number }>`
    select every_seconds as "everySeconds" from key_rotation
    where org_id = ${orgId} and key_id = ${id} and rotates_at <= app_now() for update
  `.execute(tx);
  return rows[0] ?? null;
}

/** V2. The new value, sealed, and never again. */
export async function takeSealed(tx: Tx, { orgId, id }: KeyOf): Promise<string | null> {
  const { rows } = await sql<{ sealed: string }>`
    with held as (
      select org_id, key_id, sealed from key_rotation
      where org_id = ${orgId} and key_id = ${id} and sealed is not null for update
    )
    update key_rotation r set sealed = null from held
    where r.org_id = held.org_id and r.key_id = held.key_id
    returning held.sealed
  `.execute(tx);
  return rows[0]?.sealed ?? null;
}
