-- Puts contents under another key. As the owner, because those who serve may change neither a run nor an
-- outcome: what comes in must be encrypted, and what it replaces must be what was read. Sees the
-- organizations of the transaction and no other. Returns how many rows it has changed.
create or replace function fleet_rewrite_contents(
  p_runs uuid[], p_payloads text[], p_new_payloads text[], p_outputs text[], p_new_outputs text[],
  p_errors text[], p_new_errors text[]
) returns integer
language plpgsql security definer
set search_path = public, pg_temp
set enable_seqscan = off
as $$
declare
  v_runs integer;
  v_outcomes integer;
begin
  update run r set payload = g.new::json
  from unnest(p_runs, p_payloads, p_new_payloads) as g(run_id, old, new)
  where r.run_id = g.run_id and r.org_id = any(visible_orgs()) and r.payload::text = g.old
    and content_key(g.new) is not null;
  get diagnostics v_runs = row_count;
  update outcome o set output = coalesce(g.new_output::json, o.output), error = coalesce(g.new_error, o.error)
  from unnest(p_runs, p_outputs, p_new_outputs, p_errors, p_new_errors)
    as g(run_id, output, new_output, error, new_error)
  where o.run_id = g.run_id and o.org_id = any(visible_orgs())
    and (g.output is not null or g.error is not null)
    and (g.output is null or (o.output::text = g.output and content_key(g.new_output) is not null))
    and (g.error is null or (o.error = g.error and content_key(g.new_error) is not null));
  get diagnostics v_outcomes = row_count;
  return v_runs + v_outcomes;
end $$;
