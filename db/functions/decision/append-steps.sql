-- Journals what steps have come to, each batch only while the lease of its epoch is held (F1, D1). A batch is
-- for one run, and a run has at most one batch here.
--
--   p_counts    how many steps each batch has
--   p_names …   the steps of all batches, one after another
create or replace function decision_append_steps(
  p_run_ids uuid[], p_orgs uuid[], p_epochs bigint[], p_counts integer[],
  p_names text[], p_ordinals integer[], p_kinds text[], p_states text[], p_digests text[], p_results text[],
  p_blobs text[], p_blob_bytes integer[], p_keys uuid[], p_errors text[], p_finals boolean[], p_tries integer[],
  p_started timestamptz[], p_ended timestamptz[], p_changes_max bigint
) returns table (n bigint, how text, change bigint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_batch record;
  v_lease record;
  v_change bigint;
  v_to bigint;
  v_orgs uuid[] := '{}';
  v_runs uuid[] := '{}';
  v_records text[] := '{}';
  v_record text;
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  for v_batch in
    select b.*, sum(b.steps) over (order by b.n) - b.steps as before
    from unnest(p_run_ids, p_orgs, p_epochs, p_counts) with ordinality as b(run_id, org_id, epoch, steps, n)
    order by b.run_id
  loop
    n := v_batch.n;
    -- Held until the commit: whoever takes the run over reads all that was journaled before (D1).
    select l.attempt, l.worker_num, q.project_id into v_lease
    from lease l join subqueue q on q.sq = l.sq and q.org_id = v_batch.org_id
    where l.run_id = v_batch.run_id and l.epoch = v_batch.epoch                                -- D1
    for share of l;
    if not found then
      how := 'lost'; change := null;
      return next;
      continue;
    end if;

    insert into run_journal (run_id, org_id, project_id, change)
    values (v_batch.run_id, v_batch.org_id, v_lease.project_id, 0) on conflict do nothing;
    -- D3. Changes of one run are numbered one after another, and committed in that order.
    select j.change into strict v_change from run_journal j where j.run_id = v_batch.run_id for update;
    if v_change + v_batch.steps > p_changes_max then
      how := 'full'; change := v_change;
      return next;
      continue;
    end if;

    v_to := v_batch.before + v_batch.steps;
    with given as (
      -- What is said of a step twice at once: the later counts.
      select distinct on (g.name, g.ordinal) g.*
      from unnest(
        p_names[v_batch.before + 1 : v_to], p_ordinals[v_batch.before + 1 : v_to],
        p_kinds[v_batch.before + 1 : v_to], p_states[v_batch.before + 1 : v_to],
        p_digests[v_batch.before + 1 : v_to], p_results[v_batch.before + 1 : v_to],
        p_blobs[v_batch.before + 1 : v_to], p_blob_bytes[v_batch.before + 1 : v_to],
        p_keys[v_batch.before + 1 : v_to], p_errors[v_batch.before + 1 : v_to],
        p_finals[v_batch.before + 1 : v_to], p_tries[v_batch.before + 1 : v_to],
        p_started[v_batch.before + 1 : v_to], p_ended[v_batch.before + 1 : v_to]
      ) with ordinality as g(name, ordinal, kind, state, input_digest, result, blob_digest, blob_bytes, key_id,
                             error, is_final, tries, started_at, ended_at, at)
      order by g.name, g.ordinal, g.at desc
    ), stored as (
      insert into run_step as s (run_id, org_id, name, ordinal, seq, change, kind, state, input_digest, result,
        blob_digest, blob_bytes, key_id, error, is_final, tries, started_at, ended_at, attempt, epoch, worker_num)
      select v_batch.run_id, v_batch.org_id, g.name, g.ordinal, v_change + g.at, v_change + g.at, g.kind, g.state,
             g.input_digest, g.result::json, g.blob_digest, g.blob_bytes, g.key_id, g.error, g.is_final, g.tries,
             g.started_at, g.ended_at, v_lease.attempt, v_batch.epoch, v_lease.worker_num
      from given g
      on conflict (run_id, name, ordinal) do update set
        change = excluded.change, state = excluded.state, result = excluded.result,
        blob_digest = excluded.blob_digest, blob_bytes = excluded.blob_bytes,
        -- Why it is done again is still to be read.
        key_id = case excluded.state when 'retrying' then s.key_id else excluded.key_id end,
        error = case excluded.state when 'retrying' then s.error else excluded.error end, is_final = excluded.is_final, tries = greatest(s.tries, excluded.tries),
        -- A wait has lasted since it began, however many attempts it took.
        started_at = case when s.kind = 'step' then excluded.started_at else s.started_at end,
        ended_at = excluded.ended_at, attempt = excluded.attempt, epoch = excluded.epoch,
        worker_num = excluded.worker_num
      -- D2. A finished step stays as it is, but a failed one that is to be done again.
      where s.state not in ('completed', 'failed') or (s.state = 'failed' and excluded.state = 'retrying')
      returning s.name, s.ordinal, s.state, coalesce(s.blob_digest, fleet_digest(s.result::text), '') as result
    )
    select string_agg(netstring(netstring(v_batch.run_id::text) || netstring(v_batch.epoch::text)
      || netstring(t.name) || netstring(t.ordinal::text) || netstring(t.state) || netstring(t.result)), ''
      order by t.name, t.ordinal) into v_record
    from stored t;

    change := v_change + v_batch.steps;
    update run_journal j set change = v_change + v_batch.steps where j.run_id = v_batch.run_id;
    how := 'ok';
    if v_record is not null then
      v_orgs := v_orgs || v_batch.org_id;
      v_runs := v_runs || v_batch.run_id;
      v_records := v_records || v_record;
    end if;
    return next;
  end loop;

  perform fleet_record(o.org_id, 'run.steps', o.ids, fleet_digest(o.records))
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           string_agg(e.record, '' order by e.run_id) as records
    from unnest(v_orgs, v_runs, v_records) as e(org_id, run_id, record)
    group by e.org_id order by e.org_id
  ) o;
end $$;
