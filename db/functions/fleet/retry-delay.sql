-- How long a run waits before its next attempt, in milliseconds; Infinity: it has had its attempts; null:
-- it is not tried again.
--
--   p_policy  every field decided; null: none was given
--   p_asked   the worker says that only the circumstances failed, or was lost
create or replace function fleet_retry_delay(
  p_policy jsonb, p_class text, p_attempt integer, p_max_attempts integer, p_asked boolean,
  p_backoff_ms double precision
) returns double precision
language plpgsql volatile
as $$
declare
  v_rule constant jsonb := coalesce(p_policy -> 'classes' -> p_class, p_policy -> 'classes' -> '*');
  v_all jsonb;
begin
  if v_rule = 'false' then
    return null;
  end if;
  -- Without a rule, a failure is final unless its class says that it passes by itself.
  if v_rule is null and not p_asked
     and (p_policy is null or p_class not in ('rate_limited', 'timeout', 'unavailable')) then
    return null;
  end if;
  v_all := p_policy || case jsonb_typeof(v_rule) when 'object' then v_rule else '{}' end;
  if p_attempt >= least(p_max_attempts, (v_all ->> 'max_attempts')::integer) then
    return 'Infinity';
  end if;
  -- A run whose worker was lost goes back at once, unless a rule says otherwise.
  if p_policy is null or (p_class = 'worker_lost' and v_rule is null) then
    return least(300000, p_backoff_ms * 2 ^ (p_attempt - 1));
  end if;
  return least((v_all ->> 'max_ms')::double precision,
               (v_all ->> 'base_ms')::double precision
                 * (v_all ->> 'factor')::double precision ^ (p_attempt - 1))
         * (1 - (v_all ->> 'jitter')::double precision * random());
end $$;
