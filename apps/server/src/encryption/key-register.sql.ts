import { type Executor, sql, type Tx } from '@sagewai/postgres';

export interface KnownKey {
  readonly fingerprint: string;
  readonly firstUsedAt: Date;
  /** Null: it is the one that seals. */
  readonly replacedAt: Date | null;
  /** Rows under it when they were last counted; null: they were not yet. */
  readonly remaining: number | null;
  readonly broken: number;
  readonly countedAt: Date | null;
  readonly emptiedAt: Date | null;
}

export interface KeyHolder {
  readonly replica: string;
  readonly host: string;
  readonly sealing: string;
  readonly opening: readonly string[];
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Until the transaction ends, nobody else starts with other keys, or replaces one. */
export async function lockKeys(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('sagewai-encryption-keys', 0))`.execute(
    tx,
  );
}

export async function readKeys(db: Executor): Promise<KnownKey[]> {
  const { rows } = await sql<KnownKey>`
    select fingerprint, first_used_at as "firstUsedAt", replaced_at as "replacedAt",
           remaining::int as remaining, broken::int as broken, counted_at as "countedAt",
           emptied_at as "emptiedAt"
    from encryption_key order by replaced_at desc nulls first, fingerprint
  `.execute(db);
  return rows;
}

export async function insertPresentKey(tx: Tx, fingerprint: string): Promise<void> {
  await sql`insert into encryption_key (fingerprint) values (${fingerprint})`.execute(tx);
}

/** The key that sealed until now is one that rows may still stand under. */
export async function replacePresentKey(tx: Tx, fingerprint: string): Promise<void> {
  await sql`update encryption_key set replaced_at = app_now() where replaced_at is null`.execute(
    tx,
  );
  await insertPresentKey(tx, fingerprint);
  await sql`
    update key_fingerprint set fingerprint = ${fingerprint} where purpose = 'SAGEWAI_ENCRYPTION_KEY'
  `.execute(tx);
}

/**
 * R3. What was counted under a replaced key. It is one that nobody needs when two counts, so far apart that what
 * was under way has ended, have found nothing. True: that is news.
 */
export async function noteCount(
  tx: Tx,
  of: {
    readonly fingerprint: string;
    readonly remaining: number;
    readonly broken: number;
    readonly isSealedWith: boolean;
    readonly apartMs: number;
  },
): Promise<boolean> {
  const isEmpty = of.remaining - of.broken <= 0 && !of.isSealedWith;
  const { rows } = await sql<{ isNews: boolean }>`
    update encryption_key k
    set remaining = ${of.remaining}, broken = ${of.broken}, counted_at = app_now(),
        quiet_since = case when ${isEmpty} then coalesce(k.quiet_since, app_now()) end,
        emptied_at = case
          when ${isEmpty} and k.quiet_since <= app_now() - make_interval(secs => ${of.apartMs}::double precision / 1000)
            then coalesce(k.emptied_at, app_now()) end
    from (select fingerprint, emptied_at from encryption_key
          where fingerprint = ${of.fingerprint} for update) before
    where k.fingerprint = before.fingerprint and k.replaced_at is not null
    returning before.emptied_at is null and k.emptied_at is not null as "isNews"
  `.execute(tx);
  return rows[0]?.isNews === true;
}

/** Processes that were seen within so long. */
export async function readHolders(db: Executor, aliveMs: number): Promise<KeyHolder[]> {
  const { rows } = await sql<KeyHolder>`
    select replica, host, sealing, opening, started_at as "startedAt", seen_at as "seenAt" from key_holder
    where seen_at > app_now() - make_interval(secs => ${aliveMs}::double precision / 1000)
    order by host, replica
  `.execute(db);
  return rows;
}

/** This process has these keys, and is here. Those that are long gone are forgotten. */
export async function noteHolder(
  db: Executor,
  holder: Pick<KeyHolder, 'replica' | 'host' | 'sealing' | 'opening'>,
  forgetAfterMs: number,
): Promise<void> {
  await sql`
    with gone as (
      delete from key_holder where replica <> ${holder.replica}
        and seen_at < app_now() - make_interval(secs => ${forgetAfterMs}::double precision / 1000)
    )
    insert into key_holder (replica, host, sealing, opening)
    values (${holder.replica}, ${holder.host}, ${holder.sealing}, ${[...holder.opening]})
    on conflict (replica) do update set seen_at = app_now()
  `.execute(db);
}

export async function dropHolder(db: Executor, replica: string): Promise<void> {
  await sql`delete from key_holder where replica = ${replica}`.execute(db);
}

/** Keeps the sealed key if the purpose has none, and returns the one that is kept. */
export async function keepLastingKey(
  tx: Tx,
  { purpose, sealed }: { readonly purpose: string; readonly sealed: string },
): Promise<string> {
  await sql`
    insert into lasting_key (purpose, sealed) values (${purpose}, ${sealed}) on conflict do nothing
  `.execute(tx);
  const { rows } = await sql<{ sealed: string }>`
    select sealed from lasting_key where purpose = ${purpose}
  `.execute(tx);
  return rows[0]?.sealed ?? '';
}
