-- What a call names in its column `contexts`: scopes that are its own or that `ledger_facets_of` found.
create or replace function ledger_named(p_contexts text) returns table (kind text, id text)
language sql immutable parallel safe
as $$
  select case strpos(c.name, ':') when 0 then 'context' else split_part(c.name, ':', 1) end,
         substr(c.name, strpos(c.name, ':') + 1)
  from unnest(string_to_array(p_contexts, ' ')) c(name)
$$;
