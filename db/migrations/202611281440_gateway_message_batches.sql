-- A batch of messages brings its requests along: no file of them is kept anywhere, so what a file would tell of them
-- stands beside it. Its owner may delete it when it is over; its spend stays.
alter table batch add column manifest jsonb;
alter table batch add column deleted_at timestamptz;
alter table batch alter column input_file_id drop not null;
alter table batch add constraint a_batch_has_a_file_or_brings_its_requests
  check ((input_file_id is null) <> (manifest is null));
