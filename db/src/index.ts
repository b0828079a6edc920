export { describeSchema } from './describe-schema.sql.ts';
export { loadFunctions } from './load-functions.ts';
export { loadMigrations } from './load-migrations.ts';
