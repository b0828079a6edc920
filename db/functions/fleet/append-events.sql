-- Appends what runs say, each batch only while its session has the lease (F1, N1). A batch is for one run, and
-- a run has at most one batch here. What is said faster than `p_rate` a second (after `p_burst` at once), or
-- beyond `p_events_max` events or `p_bytes_max` bytes a run, is counted and left out.
--
--   p_firsts, p_counts   the worker's own number of the first event of each batch, and how many it has
--   p_kinds …            the events of all batches, one after another
create or replace function fleet_append_events(
  p_run_ids uuid[], p_orgs uuid[], p_workers integer[], p_sessions bigint[], p_epochs bigint[],
  p_firsts bigint[], p_counts integer[],
  p_kinds text[], p_levels text[], p_texts text[], p_fractions double precision[], p_datas text[],
  p_rate double precision, p_burst integer, p_events_max integer, p_bytes_max bigint
) returns table (n bigint, how text, kept integer, left_out integer, next bigint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_batch record;
  v_lease record;
  v_head run_event_head;
  v_fresh integer;
  v_skipped integer;
  v_gap bigint;
  v_room integer;
  v_bytes bigint;
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  for v_batch in
    select b.*, sum(b.events) over (order by b.n) - b.events as before
    from unnest(p_run_ids, p_orgs, p_workers, p_sessions, p_epochs, p_firsts, p_counts)
      with ordinality as b(run_id, org_id, worker_num, session_epoch, epoch, first, events, n)
    order by b.run_id
  loop
    n := v_batch.n;
    -- Held until the commit: an event never comes after the outcome of its run.
    select l.attempt into v_lease from lease l join subqueue q on q.sq = l.sq and q.org_id = v_batch.org_id
    where l.run_id = v_batch.run_id and l.epoch = v_batch.epoch                                -- F1
      and l.worker_num = v_batch.worker_num and l.session_epoch = v_batch.session_epoch        -- F1
    for share of l;
    if not found then
      how := 'lost'; kept := 0; left_out := 0; next := 1;
      return next;
      continue;
    end if;

    insert into run_event_head (run_id, org_id, seq, epoch, taken, bytes, left_out, left_out_told,
                                allowance, last_at)
    values (v_batch.run_id, v_batch.org_id, 0, v_batch.epoch, 0, 0, 0, 0, p_burst, app_now())
    on conflict do nothing;
    select * into strict v_head from run_event_head h where h.run_id = v_batch.run_id for update;
    if v_head.epoch <> v_batch.epoch then
      v_head.epoch := v_batch.epoch;
      v_head.taken := 0;
    end if;

    v_gap := greatest(0, v_batch.first - 1 - v_head.taken);
    v_skipped := least(v_batch.events, greatest(0, v_head.taken - (v_batch.first - 1)));
    v_fresh := v_batch.events - v_skipped;
    v_head.left_out := v_head.left_out + v_gap;
    v_head.allowance := least(p_burst, v_head.allowance
      + extract(epoch from app_now() - v_head.last_at)::double precision * p_rate);
    v_room := case when v_head.bytes >= p_bytes_max then 0
                   else greatest(0, least(floor(v_head.allowance)::bigint, p_events_max - v_head.seq)) end;
    kept := least(v_fresh, v_room);
    left_out := v_fresh - kept;

    insert into run_event (run_id, seq, org_id, at, attempt, kind, level, text, fraction, data, left_out)
    select v_batch.run_id, v_head.seq + e.at, v_batch.org_id, app_now(), v_lease.attempt, e.kind, e.level,
           e.text, e.fraction, e.data::json,
           case when e.at = 1 then v_head.left_out - v_head.left_out_told else 0 end
    from (
      select g.*, row_number() over () as at
      from unnest(p_kinds[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept],
                  p_levels[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept],
                  p_texts[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept],
                  p_fractions[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept],
                  p_datas[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept])
        as g(kind, level, text, fraction, data)
    ) e;

    select coalesce(sum(octet_length(coalesce(g.text, '')) + octet_length(coalesce(g.data, ''))), 0)
    into v_bytes
    from unnest(p_texts[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept],
                p_datas[v_batch.before + v_skipped + 1 : v_batch.before + v_skipped + kept])
      as g(text, data);

    next := greatest(v_head.taken, v_batch.first - 1 + v_batch.events) + 1;
    update run_event_head h set
      seq = v_head.seq + kept,
      epoch = v_batch.epoch,
      taken = next - 1,
      bytes = v_head.bytes + v_bytes,
      left_out = v_head.left_out + v_fresh - kept,
      left_out_told = case when kept > 0 then v_head.left_out else v_head.left_out_told end,
      allowance = v_head.allowance - kept,
      last_at = app_now(),
      -- The newest progress counts even where its event is left out.
      fraction = coalesce(p.fraction, h.fraction),
      message = case when p.found then p.text else h.message end
    from (select true) as one
    left join lateral (
      select true as found, g.fraction, g.text
      from unnest(p_kinds[v_batch.before + v_skipped + 1 : v_batch.before + v_batch.events],
                  p_texts[v_batch.before + v_skipped + 1 : v_batch.before + v_batch.events],
                  p_fractions[v_batch.before + v_skipped + 1 : v_batch.before + v_batch.events])
        with ordinality as g(kind, text, fraction, at)
      where g.kind = 'progress' order by g.at desc limit 1
    ) p on true
    where h.run_id = v_batch.run_id;
    how := 'ok';
    return next;
  end loop;
end $$;
