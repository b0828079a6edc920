-- Keys that get new values by themselves, and former values that are good for a while.
create table key_rotation (
  org_id uuid not null references organization (id),
  key_id uuid not null references virtual_key (id),
  -- As it was given; null with `every_seconds`: it does not rotate by itself.
  interval_text text,
  every_seconds int,
  rotates_at timestamptz,
  rotated_at timestamptz,
  rotation_count int not null default 0,
  -- Until then the value before this one is good too.
  former_until timestamptz,
  -- The new value, until somebody has collected it.
  sealed text,
  primary key (org_id, key_id),
  constraint a_rotation_takes_an_hour_at_least check (every_seconds >= 3600),
  constraint a_key_that_rotates_says_how_often_and_when
    check ((every_seconds is null) = (interval_text is null) and (every_seconds is null) = (rotates_at is null))
);
call tenant_table('key_rotation');

-- Which keys are to rotate, and when: whoever does that acts for all organizations.
create table key_rotation_due (
  org_id uuid not null,
  key_id uuid not null,
  due_at timestamptz not null,
  primary key (org_id, key_id)
);
create index key_rotation_due_at on key_rotation_due (due_at);
call dispatch_table('key_rotation_due');
