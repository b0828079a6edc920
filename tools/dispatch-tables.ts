/**
 * The written list of tables without row-level security: they hold no content of a tenant, only what
 * dispatch needs to know across organizations. A table that is neither here nor isolated fails the
 * isolation test.
 */
export const DISPATCH_TABLES: readonly string[] = [
  'credential',
  'fleet_pulse',
  'key_fingerprint',
  'lease',
  'lost_run',
  'match_class',
  'organization_directory',
  'pending_count',
  'platform_token',
  'ready',
  'run_deadline',
  'scheduled',
  'schema_migration',
  'subqueue',
  'worker_session',
];
