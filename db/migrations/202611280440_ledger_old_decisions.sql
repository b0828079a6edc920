-- How calls found their way is dropped by the month (ledger_drop_decisions); slots that expired are found by it.
create index call_slot_expiry on call_slot (org_id, expires_at);
