-- One audit entry for a batch of one organization; as `entryOfBatch` of the trust plane writes it.
-- `p_workers`: the short name of each record's worker, in the order of the ids; null: it had none.
create or replace function fleet_record(
  p_org uuid, p_kind text, p_ids text[], p_digest text, p_workers integer[] default null
) returns bigint
language sql volatile
as $$
  select audit_append(
    p_org, 'fleet', p_kind,
    case cardinality(p_ids) when 1 then p_ids[1] else 'batch' end,
    'ok', '',
    case
      when cardinality(p_ids) <= 200 and p_workers is not null
      then json_build_object('kind', p_kind, 'count', cardinality(p_ids), 'digest', p_digest,
                             'ids', array_to_string(p_ids, ' '),
                             'workers', array_to_string(p_workers, ' ', '0'))
      when cardinality(p_ids) <= 200
      then json_build_object('kind', p_kind, 'count', cardinality(p_ids), 'digest', p_digest,
                             'ids', array_to_string(p_ids, ' '))
      else json_build_object('kind', p_kind, 'count', cardinality(p_ids), 'digest', p_digest,
                             'first', p_ids[1], 'last', p_ids[cardinality(p_ids)])
    end::text)
$$;
