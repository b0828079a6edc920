create or replace function spend_fields(s spend) returns text
language sql immutable parallel safe
as $$
  select spend_field(s.id::text) || spend_field(s.entry::text) || spend_field(s.project_id::text)
    || spend_field(coalesce(s.key_id::text, '')) || spend_field(coalesce(s.run_id::text, ''))
    || spend_field(s.model) || spend_field(s.status) || spend_field(s.usage_source)
    || spend_field(s.input_tokens::text) || spend_field(s.output_tokens::text)
    || spend_field(s.cost_pusd::text) || spend_field(s.overrun_pusd::text)
$$;
