-- The record of a row that the audit chain covers (T6); contract/wire spells the same text. Immutable
-- to the planner, which then writes it out where it is used: a call a field costs ten times as much.
create or replace function spend_field(p_text text) returns text
language sql immutable parallel safe
as $$ select octet_length(p_text)::text || ':' || p_text || ',' $$;
