-- Records what was cancelled because something above it was.
create or replace function fleet_record_below(p_run_ids uuid[]) returns void
language plpgsql
set enable_seqscan = off
as $$
begin
  perform fleet_record(o.org_id, 'run.cancelled_below', o.ids, fleet_digest(o.records))
  from (
    select c.org_id, array_agg(c.run_id::text order by c.run_id) as ids,
           string_agg(netstring(netstring(c.run_id::text) || netstring(c.parent_run_id::text)), ''
             order by c.run_id) as records
    from run_child c where c.run_id = any(p_run_ids) group by c.org_id order by c.org_id
  ) o;
end $$;
