-- What an operation on many runs is about is settled when it begins: its runs are written down.

create table bulk_item (
  operation_id uuid not null references bulk_operation (id) on delete cascade,
  run_id uuid not null,
  org_id uuid not null,
  primary key (operation_id, run_id)
);
call tenant_table('bulk_item');

alter table bulk_operation drop column cursor, drop column project_id;
