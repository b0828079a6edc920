/**
 * The written list of tables without row-level security: they hold no content of a tenant, only what
 * dispatch needs to know across organizations. A table that is neither here nor isolated fails the
 * isolation test.
 */
export const DISPATCH_TABLES: readonly string[] = [
  'credential',
  'lease',
  'match_class',
  'ready',
  'scheduled',
  'schema_migration',
  'subqueue',
  'worker_session',
];
