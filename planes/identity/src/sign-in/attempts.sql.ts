import { type Executor, sql } from '@sagewai/postgres';

export interface Attempts {
  readonly subject: Buffer;
  /** This one included. */
  readonly attempts: number;
  readonly leftMs: number;
}

/**
 * Counts an attempt before it is looked at, so that many at once are no more than one after the other,
 * on any number of replicas (A3). Rows are taken in one order, so that no two wait for each other.
 */
export async function countAttempt(
  db: Executor,
  { subjects, windowMs }: { readonly subjects: readonly Buffer[]; readonly windowMs: number },
): Promise<Attempts[]> {
  const { rows } = await sql<Attempts>`
    insert into sign_in_attempt as known (subject, attempts, since, until)
    select subject, 1, app_now(), app_now() + ${windowMs}::float8 * interval '1 millisecond'
    from unnest(${subjects}::bytea[]) as tried (subject) order by subject
    on conflict (subject) do update set
      attempts = case when known.until <= app_now() then 1 else known.attempts + 1 end,
      since = case when known.until <= app_now() then excluded.since else known.since end,
      until = case when known.until <= app_now() then excluded.until else known.until end
    returning subject, attempts,
      (extract(epoch from until - app_now()) * 1000)::float8 as "leftMs"
  `.execute(db);
  return rows;
}

/** Who got in starts anew; what ran out long ago is forgotten. */
export async function forgetAttempts(db: Executor, subject: Buffer): Promise<void> {
  await sql`
    delete from sign_in_attempt
    where subject = ${subject}
       or subject in (select subject from sign_in_attempt
                      where until < app_now() order by until limit 100 for update skip locked)
  `.execute(db);
}
