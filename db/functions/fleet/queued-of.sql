-- How many runs wait under a limit, counted: for jobs and for the setting of a bound, not for requests.
create or replace function fleet_queued_of(p_limit dispatch_limit) returns bigint
language sql stable
as $$
  with mine as materialized (
    select q.sq from subqueue q join match_class c on c.class_id = q.class_id
    where q.org_id = p_limit.org_id
      and (p_limit.project_id is null or q.project_id = p_limit.project_id)
      and (p_limit.pool is null or c.pool = p_limit.pool)
  )
  select (select count(*) from ready r where r.sq in (select sq from mine))
       + (select count(*) from scheduled s where s.sq in (select sq from mine))
$$;
