-- How the steps of a journal are written. Whoever knows only an older format leaves the run to others.
alter table run_journal add column format smallint not null default 1;
