-- Where the audit log is shipped to. `cursor_seq` is the last entry that the receiver has acknowledged.

create table audit_sink (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  url text not null,
  format text not null,
  -- Of a webhook; a collector of syslog has none.
  secret_sealed text,
  -- PEM: the authority of a collector's certificate, beside those that Node trusts.
  ca text,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  cursor_seq bigint not null,
  -- The end of the batch under way: repeated, it is the same batch.
  batch_end bigint,
  due_at timestamptz not null default app_now(),
  -- Somebody sends just now, and is given up for dead then.
  held_until timestamptz,
  failures integer not null default 0,
  last_error text,
  last_sent_at timestamptz,
  disabled_why text,
  constraint it_has_a_known_format check (format in ('jsonl', 'cef')),
  constraint a_batch_lies_ahead check (batch_end > cursor_seq)
);
create index audit_sink_org_id on audit_sink (org_id, id);
call tenant_table('audit_sink');
