-- How many runs of a schedule may go on beside each other, and two more rules for when that is reached.
alter table schedule add column overlap_max smallint not null default 1;
alter table schedule drop constraint an_overlap_is_known;
alter table schedule add constraint an_overlap_is_known
  check (overlap in ('allow', 'skip', 'queue_one', 'cancel_running', 'cancel_oldest', 'refuse_new'));

-- What runs of a pool follow that bring no policy of their own, as its administrator said it.
alter table pool_setting add column retry json;
