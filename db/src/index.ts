export { describeSchema } from './describe-schema.sql.ts';
export { loadMigrations } from './load-migrations.ts';
