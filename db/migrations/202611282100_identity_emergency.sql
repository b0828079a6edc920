-- G5. Whether a token was made in an emergency, by break-glass or by a token that was: what is made with it ends with it.
alter table access_token add column is_emergency boolean not null default false;
