-- The text of a database of ours is UTF-8, so its octets need no conversion to be counted.
do $$
begin
  if getdatabaseencoding() <> 'UTF8' then
    raise exception 'the database must have the encoding UTF8, not %', getdatabaseencoding();
  end if;
end $$;
create or replace function netstring(p_text text) returns text
language sql stable strict parallel safe
as $$ select octet_length(p_text)::text || ':' || p_text || ',' $$;
