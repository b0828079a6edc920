-- Calls that did not end well are few, and looked for among many: what they cost together is read from them alone.
create index spend_failed on spend (org_id, id, entry) where status <> 'ok';
