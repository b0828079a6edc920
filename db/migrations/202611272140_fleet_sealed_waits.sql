-- What schedules submit, what waits ask and what they are answered stand under content keys, where their
-- organization encrypts.

-- Null: the submission holds it, in clear.
alter table schedule add column payload json;

create index schedule_payload_key on schedule (content_key(payload::text))
  where content_key(payload::text) is not null;
create index run_wait_prompt_key on run_wait (content_key(prompt)) where content_key(prompt) is not null;
-- By what it begins with: a text in clear may hold what no text of PostgreSQL can.
create index run_wait_value_key on run_wait (content_key(substring(resume::text from '"value" : ("enc1\..{36}\.)')))
  where content_key(substring(resume::text from '"value" : ("enc1\..{36}\.)')) is not null;
create index run_signal_value_key on run_signal (content_key(value::text))
  where content_key(value::text) is not null;
