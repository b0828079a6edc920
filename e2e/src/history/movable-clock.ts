import pg from 'pg';

/** The clock of a database that goes on by itself, and can be put forward. */
export interface MovableClock {
  /** The instant that it shows. */
  now(): Promise<Date>;
  /** Puts it forward to an instant; never back. */
  moveTo(instant: Date): Promise<void>;
  close(): Promise<void>;
}

/** What `app_now` and `app_clock` answer is ahead by as many seconds as a sequence says. */
export async function makeClockMovable(adminUrl: string): Promise<MovableClock> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(MOVABLE);
  return {
    now: async () =>
      (await client.query<{ now: Date }>('select app_clock() as now')).rows[0]?.now ??
      new Date(NaN),
    moveTo: async (instant) => {
      await client.query(
        `select setval('public.seconds_passed', greatest(
           last_value, ceil(extract(epoch from $1::timestamptz - clock_timestamp()))::bigint))
         from public.seconds_passed`,
        [instant],
      );
    },
    close: () => client.end(),
  };
}

const MOVABLE = `
  create sequence public.seconds_passed minvalue 0 start 0;
  grant select on public.seconds_passed to public;
  create or replace function public.app_now() returns timestamptz language sql stable parallel safe as $$
    select now() + (select last_value from public.seconds_passed) * interval '1 second'
  $$;
  create or replace function public.app_clock() returns timestamptz language sql volatile as $$
    select clock_timestamp() + (select last_value from public.seconds_passed) * interval '1 second'
  $$;`;
