export { discardEmbeddedPostgres } from './discard-embedded-postgres.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresReason } from './embedded-postgres-error.ts';
export type { Mode } from './home-layout.ts';
export type { Ownership } from './home-lock.ts';
export {
  type EmbeddedPostgresState,
  inspectEmbeddedPostgres,
} from './inspect-embedded-postgres.ts';
export type { Settings } from './server-settings.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './start-embedded-postgres.ts';
export type { Log } from './supervise.ts';
