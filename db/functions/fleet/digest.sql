create or replace function fleet_digest(p_records text) returns text
language sql stable strict parallel safe
as $$ select encode(sha256(convert_to(p_records, 'UTF8')), 'hex') $$;
