/**
 * The written list of tables without row-level security: they hold nothing of what a tenant's runs say,
 * only what dispatch needs to know across organizations (pools, models, labels, hashes of keys). A table
 * that is neither here nor isolated fails the isolation test.
 */
export const DISPATCH_TABLES: readonly string[] = [
  'bulk_due',
  'backlog_count',
  'credential',
  'dispatch_limit',
  'fleet_pulse',
  'key_fingerprint',
  'lease',
  'lost_run',
  'match_class',
  'organization_directory',
  'outbox_due',
  'payload_encryption',
  'pending_count',
  'platform_token',
  'pool_setting',
  'queue_room',
  'ready',
  'run_deadline',
  'run_timeout',
  'scheduled',
  'schema_function',
  'schema_migration',
  'subqueue',
  'waiting',
  'worker_activity',
  'worker_session',
  'worker_turn',
];
