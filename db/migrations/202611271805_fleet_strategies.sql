-- Which of the workers that may have a run gets it.

-- Nothing of what runs say: dispatch reads it across organizations.
create table pool_setting (
  org_id uuid not null references organization (id),
  pool text not null,
  -- Null: DIRECT, unless a run says otherwise.
  strategy text,
  -- Null: as the server has it.
  capacity_threshold double precision,
  primary key (org_id, pool),
  constraint a_pool_has_a_known_strategy
    check (strategy in ('DIRECT', 'ROUND_ROBIN', 'LEAST_LOADED', 'THRESHOLD')),
  constraint a_threshold_is_a_share check (capacity_threshold >= 0 and capacity_threshold <= 1)
);
call dispatch_table('pool_setting');

-- Whose turn it is: the last lease that a worker was given by a strategy that weighs.
create table worker_turn (
  worker_num integer primary key,
  last_epoch bigint not null
) with (fillfactor = 50);
call dispatch_table('worker_turn');
