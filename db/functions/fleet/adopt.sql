-- Puts the children of a batch under their parents: those whose plan names one, and that no idempotency key
-- has stored before. `refused`, in the places of the batch: null, or why this one is not stored (missing,
-- ended, lost, deep, many). `deadlines`: none is later than its parent's (C4).
--
--   plan.parent   {id, epoch, on_end, depth_max, children_max}; with an epoch, for who has the lease alone
create or replace function fleet_adopt(
  p_run_ids uuid[], p_orgs uuid[], p_projects uuid[], p_sqs integer[], p_keys text[], p_plans text[],
  inout deadlines timestamptz[], out refused text[]
)
language plpgsql volatile
set enable_seqscan = off
as $$
declare
  v_parent record;
  v_child record;
  v_run run;
  v_why text;
  v_up run_child;
  v_ns integer[] := '{}';
  v_roots uuid[] := '{}';
  v_depths integer[] := '{}';
begin
  refused := array_fill(null::text, array[cardinality(p_run_ids)]);

  -- First all parents, in one order: whoever ends several takes them in the same.
  for v_parent in
    select g.org_id, g.project_id, (g.parent ->> 'id')::uuid as id, (g.parent ->> 'epoch')::bigint as epoch,
           array_agg(g.n::integer order by g.n) as ns
    from (
      select u.*, u.plan::jsonb -> 'parent' as parent
      from unnest(p_run_ids, p_orgs, p_projects, p_keys, p_plans) with ordinality
        as u(run_id, org_id, project_id, key, plan, n)
    ) g
    where g.parent is not null
      and (g.key is null
           or (select k.run_id from run_key k
               where k.org_id = g.org_id and k.project_id = g.project_id and k.key = g.key) = g.run_id)
    group by 1, 2, 3, 4 order by 3, 4
  loop
    select r.* into v_run from run r
    where r.run_id = v_parent.id and r.org_id = v_parent.org_id and r.project_id = v_parent.project_id;  -- C1
    v_why := case when found then fleet_hold_open(v_run, v_parent.epoch) else 'missing' end;
    select c.* into v_up from run_child c where c.run_id = v_parent.id;
    for i in 1..cardinality(v_parent.ns) loop
      refused[v_parent.ns[i]] := v_why;
      v_ns := v_ns || v_parent.ns[i];
      v_roots := v_roots || coalesce(v_up.root_run_id, v_parent.id);
      v_depths := v_depths || coalesce(v_up.depth, 0) + 1;
      deadlines[v_parent.ns[i]] := least(deadlines[v_parent.ns[i]], v_run.deadline_at);  -- C4
    end loop;
  end loop;

  for v_child in
    select g.*, p_plans[g.n]::jsonb -> 'parent' as parent
    from unnest(v_ns, v_roots, v_depths) as g(n, root, depth) order by g.root, g.n
  loop
    continue when refused[v_child.n] is not null;
    if v_child.depth > (v_child.parent ->> 'depth_max')::integer then  -- C3
      refused[v_child.n] := 'deep';
      continue;
    end if;
    insert into run_tree (root_run_id, org_id, children) values (v_child.root, p_orgs[v_child.n], 0)
    on conflict do nothing;
    update run_tree t set children = t.children + 1
    where t.root_run_id = v_child.root and t.children < (v_child.parent ->> 'children_max')::integer;  -- C3
    if not found then
      refused[v_child.n] := 'many';
      continue;
    end if;
    insert into run_child (run_id, org_id, project_id, parent_run_id, root_run_id, depth, on_parent_end)
    values (p_run_ids[v_child.n], p_orgs[v_child.n], p_projects[v_child.n], (v_child.parent ->> 'id')::uuid,
            v_child.root, v_child.depth, v_child.parent ->> 'on_end');
    if v_child.parent ->> 'on_end' = 'cancel' then
      insert into bound_parent (run_id, sq) values ((v_child.parent ->> 'id')::uuid, p_sqs[v_child.n])
      on conflict do nothing;
    end if;
  end loop;

  -- What is not stored has used no key.
  delete from run_key k using unnest(p_run_ids, p_orgs, p_projects, p_keys, refused)
    as g(run_id, org_id, project_id, key, why)
  where g.why is not null and k.org_id = g.org_id and k.project_id = g.project_id and k.key = g.key
    and k.run_id = g.run_id;
end $$;
