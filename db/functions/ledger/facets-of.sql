-- The parts of scopes that a call is in and that are limited: of a name with a limit of its own by that,
-- else by the one of each. A part is named by its limit, so that one that was taken away and is set again
-- begins anew; no name has a blank.
create or replace function ledger_facets_of(
  p_org uuid, p_project uuid, p_key uuid, p_team text, p_person text,
  p_model text, p_session text, p_agent text, p_tags text, p_end_user text
) returns table (limit_id bigint, kind text, id text)
language sql stable
as $$
  select distinct l.id, l.facet,
         l.scope_kind || '.' || l.id || ':' || replace(replace(v.name, '%', '%25'), ' ', '%20')
  from (
    values ('model', p_model), ('session', p_session), ('agent', p_agent), ('end_user', p_end_user)
    union all
    select 'tag', t from jsonb_array_elements_text(p_tags::jsonb) t
  ) v(facet, name)
  join facet_limit l
    on l.org_id = p_org and l.facet = v.facet and in_scope(l.scope_kind, l.scope_id, p_org, p_project, p_key, p_team, p_person)
  where v.name is not null
    and (l.name = v.name or l.name is null and not exists (
      select from facet_limit o
      where o.org_id = l.org_id and o.scope_kind = l.scope_kind and o.scope_id = l.scope_id
        and o.facet = l.facet and o.name = v.name))
$$;
