-- The fields that the record of a settled call covers (T6), in order; contract/wire spells the same.
create or replace function call_fields(
  p_id uuid, p_entry smallint, p_project uuid, p_key uuid, p_run uuid, p_model text, p_status text,
  p_usage_source text, p_input_tokens bigint, p_output_tokens bigint, p_cost_pusd bigint,
  p_overrun_pusd bigint
) returns text
language sql immutable parallel safe
as $$
  select spend_field(p_id::text) || spend_field(p_entry::text) || spend_field(p_project::text)
    || spend_field(coalesce(p_key::text, '')) || spend_field(coalesce(p_run::text, ''))
    || spend_field(p_model) || spend_field(p_status) || spend_field(p_usage_source)
    || spend_field(p_input_tokens::text) || spend_field(p_output_tokens::text)
    || spend_field(p_cost_pusd::text) || spend_field(p_overrun_pusd::text)
$$;
