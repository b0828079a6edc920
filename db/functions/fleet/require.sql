create or replace function fleet_require(p_held boolean, p_rule text) returns boolean
language plpgsql
as $$
begin
  if p_held is not true then
    raise exception 'fleet: %', p_rule using errcode = 'assert_failure';
  end if;
  return true;
end $$;
