-- Whether a stream that its client has left is given up, or read to its end so that its cost is known.
alter table virtual_key
  add column on_client_left text not null default 'abort',
  add constraint a_key_knows_what_to_do_when_left check (on_client_left in ('abort', 'drain'));

-- Answers more than before: that, and what of the key's limits is used.
drop function if exists find_virtual_key(bytea);
