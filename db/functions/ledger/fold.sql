-- R1, R2. Adds the rows of an organization to its sums that were booked by transactions which have all
-- ended, and notes up to where: one commit, so that rows and sums are never counted twice.
create or replace function ledger_fold(p_org uuid) returns void
language plpgsql
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_until bigint;
  v_from bigint;
  v_cluster bigint := ledger_cluster();
  v_was bigint;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  -- Before any row is read: what is older has ended, and later snapshots see all of it.
  v_until := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  insert into spend_fold (org_id, cluster, folded_until, folded_at)
  values (p_org, v_cluster, 0, app_now())
  on conflict do nothing;
  select f.folded_until, f.cluster into v_from, v_was from spend_fold f where f.org_id = p_org for update;
  if v_was <> v_cluster then
    delete from spend_daily d where d.org_id = p_org;
    v_from := 0;
  end if;
  if v_from >= v_until then return; end if; -- another was faster

  insert into spend_daily as d (
    org_id, kind, day, name, project_id, key_id, team, person, model, provider, agent, calls,
    failed_calls, unpriced_calls, cost_pusd, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens)
  select s.org_id, p.kind, r.day, p.name, s.project_id, s.key_id, coalesce(s.team_id, ''),
         coalesce(s.person_id, ''), s.model, coalesce(s.provider, ''),
         coalesce(s.agent, ''), sum(r.calls), sum(r.failed_calls), sum(r.unpriced_calls),
         sum(s.cost_pusd), sum(s.input_tokens), sum(s.cached_input_tokens), sum(s.cache_write_tokens),
         sum(s.output_tokens)
  from spend s
  cross join lateral ledger_parts_of(s) p
  cross join lateral ledger_counts_of(s) r
  where s.org_id = p_org and s.booked_xid >= v_from and s.booked_xid < v_until
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  on conflict (org_id, kind, day, digest) do update
  set calls = d.calls + excluded.calls,
      failed_calls = d.failed_calls + excluded.failed_calls,
      unpriced_calls = d.unpriced_calls + excluded.unpriced_calls,
      cost_pusd = d.cost_pusd + excluded.cost_pusd,
      input_tokens = d.input_tokens + excluded.input_tokens,
      cached_input_tokens = d.cached_input_tokens + excluded.cached_input_tokens,
      cache_write_tokens = d.cache_write_tokens + excluded.cache_write_tokens,
      output_tokens = d.output_tokens + excluded.output_tokens;

  update spend_fold f set cluster = v_cluster, folded_until = v_until, folded_at = app_now()
  where f.org_id = p_org;
end $$;
