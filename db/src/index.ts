export { loadMigrations } from './load-migrations.ts';
