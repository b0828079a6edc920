create or replace function spend_fields(s spend) returns text
language sql immutable parallel safe
as $$
  select call_fields(s.id, s.entry, s.project_id, s.key_id, s.run_id, s.model, s.status, s.usage_source,
                     s.input_tokens, s.output_tokens, s.cost_pusd, s.overrun_pusd)
$$;
