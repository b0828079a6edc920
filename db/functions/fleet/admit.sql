-- F7. What limits leave of what a claim wants. Called by a claim of an organization that has some; keeps
-- them locked until it commits, so that claims at the same limit take turns on all replicas.
--
--   counts                    what may be taken, in the places of `p_counts`
--   project_caps, key_caps    the caps that the leases will count for, in the same places
--   pair_sqs, pair_limits     which limits are told how many were taken of which subqueue
--   cut_sqs, cut_limits, …    of what less may be taken than was wanted, and because of which limit
create or replace function fleet_admit(
  p_org uuid, p_sqs integer[], p_prios smallint[], p_counts integer[],
  out counts integer[], out project_caps integer[], out key_caps integer[],
  out pair_sqs integer[], out pair_limits integer[],
  out cut_sqs integer[], out cut_prios smallint[], out cut_limits integer[], out cut_counts integer[]
)
language plpgsql volatile
set enable_seqscan = off
as $$
declare
  v_limit dispatch_limit;
  v_want record;
  v_ids integer[];
  v_lefts integer[];
  v_left integer;
  v_tightest integer;
begin
  counts := p_counts;
  select array_agg(l.sq order by l.limit_id), array_agg(l.limit_id order by l.limit_id)
  into pair_sqs, pair_limits
  from fleet_limits_of(p_org, array(select distinct s from unnest(p_sqs) s)) l;
  if pair_sqs is null then
    return;
  end if;
  v_ids := array(select distinct id from unnest(pair_limits) id order by id);
  -- In one order, and before leases are counted: what another claim has taken is seen after its commit.
  perform from dispatch_limit d where d.limit_id = any(v_ids) order by d.limit_id for update;  -- F7

  for i in 1..cardinality(v_ids) loop
    select d.* into v_limit from dispatch_limit d where d.limit_id = v_ids[i];
    if v_limit.starts_max is not null then
      update dispatch_limit d set starts = s.starts, starts_slot = s.slot
      from fleet_starts_now(v_limit.starts, v_limit.starts_slot, v_limit.starts_per_ms) s
      where d.limit_id = v_limit.limit_id and d.starts_slot is distinct from s.slot;
    end if;
    select room into v_left from fleet_limit_left(v_limit);
    v_lefts[i] := v_left;
  end loop;

  select array_agg(x.project_cap order by x.n), array_agg(x.key_cap order by x.n)
  into project_caps, key_caps
  from (
    select w.n, min(d.limit_id) filter (where d.key is null) as project_cap,
           min(d.limit_id) filter (where d.key is not null) as key_cap
    from unnest(p_sqs) with ordinality as w(sq, n)
    left join unnest(pair_sqs, pair_limits) as p(sq, id) on p.sq = w.sq
    left join dispatch_limit d on d.limit_id = p.id and d.max_running is not null
    group by w.n
  ) x;

  for v_want in
    select w.n, w.sq, w.prio, array_agg(array_position(v_ids, p.id)) as limits
    from unnest(p_sqs, p_prios) with ordinality as w(sq, prio, n)
    join unnest(pair_sqs, pair_limits) as p(sq, id) on p.sq = w.sq
    group by w.n, w.sq, w.prio order by w.n
  loop
    v_tightest := null;
    for i in 1..cardinality(v_want.limits) loop
      v_left := v_lefts[v_want.limits[i]];
      if v_left < counts[v_want.n] then
        counts[v_want.n] := v_left;
        v_tightest := v_ids[v_want.limits[i]];
      end if;
    end loop;
    for i in 1..cardinality(v_want.limits) loop
      v_lefts[v_want.limits[i]] := v_lefts[v_want.limits[i]] - counts[v_want.n];
    end loop;
    if v_tightest is not null then
      cut_sqs := cut_sqs || v_want.sq;
      cut_prios := cut_prios || v_want.prio;
      cut_limits := cut_limits || v_tightest;
      cut_counts := cut_counts || counts[v_want.n];
    end if;
  end loop;
end $$;
