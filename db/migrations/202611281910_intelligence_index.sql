-- The index of a project: its documents in passages.

create table knowledge_index (
  org_id uuid not null,
  project_id uuid not null,
  -- The passages that are found; null: none has been built yet.
  generation uuid,
  -- The passages that are being made; whoever began last builds.
  building uuid,
  documents integer not null default 0,
  chunks integer not null default 0,
  bytes bigint not null default 0,
  embedding_model text,
  source text not null default '',
  built_at timestamptz not null default app_now(),
  built_by text not null default '',
  primary key (org_id, project_id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade
);
call tenant_table('knowledge_index');

create table knowledge_chunk (
  org_id uuid not null,
  project_id uuid not null,
  generation uuid not null,
  -- In the order of the documents.
  place integer not null,
  doc_path text not null,
  heading text not null,
  -- Within its document.
  chunk integer not null,
  body text not null,
  -- Single-precision floats, little-endian, of length 1; null: none was made.
  vector bytea,
  words tsvector generated always as (to_tsvector('simple', heading || ' ' || body)) stored,
  primary key (org_id, project_id, generation, place),
  foreign key (org_id, project_id) references knowledge_index on delete cascade
);
call tenant_table('knowledge_chunk');
