-- Waits until no holding of the organization is left: given back by its holder, or expired and booked.
-- Answers whether that is so.
create or replace function ledger_await_recall(p_org uuid, p_wait_ms bigint) returns boolean
language plpgsql
as $$
declare
  v_until timestamptz := clock_timestamp() + p_wait_ms * interval '1 millisecond';
begin
  loop
    perform ledger_forfeit(array[p_org], 100);
    if not exists (select from holding h where h.org_id = p_org) then return true; end if;
    if clock_timestamp() > v_until then return false; end if;
    perform pg_sleep(0.003);
  end loop;
end $$;
