import { Client } from 'pg';

/** Books calls of the last days at once, as if they had been made; answers how long it took. */
export async function fillSpend(
  /** By the superuser: nobody else sees the project of an organization that was not said. */
  databaseUrl: string,
  of: { readonly rows: number; readonly days: number; readonly keys: number },
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(BOOK, [of.rows, of.days, of.keys]);
    if (rowCount !== of.rows) throw new Error(`${rowCount} of ${of.rows} calls were booked`);
    await client.query('vacuum analyze spend');
  } finally {
    await client.end();
  }
}

// A session is twenty calls of one key, agent and model. The ids tell the time, as those of calls do; one call in two hundred failed, one in ten thousand is of a rare model.
const BOOK = `
  insert into spend (
    id, entry, org_id, project_id, key_id, cost_pusd, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
    price_known, started_at, at, usage_source, status, model, deployment, provider, session_id, agent, tags)
  select (lpad(to_hex(floor(extract(epoch from t.at) * 1000)::bigint), 12, '0') || '70008000'
           || lpad(to_hex(t.i), 12, '0'))::uuid,
         0, p.org_id, p.id, md5('key ' || t.session % $3)::uuid, 3000000 + t.i % 977, 400 + t.i % 90, 0, 0, 100 + t.i % 50,
         9000000, 4096, 0, 0, true, t.at, t.at, 'provider',
         case when t.i % 200 = 0 then 'error' else 'ok' end,
         case when t.i % 10000 = 0 then 'rare' else 'm' || t.session % 20 end, 'd' || t.i % 3, 'openai',
         's' || t.session, 'agent ' || t.session % 7, array['t' || t.session % 10]
  from (
    select i, i / 20 as session, now() - ($2::int * interval '1 day') * (1 - i::float8 / $1::int) as at
    from generate_series(1, $1::int) i
  ) t
  cross join (select org_id, id from project where deleted_at is null order by created_at limit 1) p`;
