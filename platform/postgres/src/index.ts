export { type HoldOptions, seekAdvisoryLock, withAdvisoryLock } from './advisory-lock.sql.ts';
export { assertConfined, readServerVersion, type ServerVersion } from './confinement.sql.ts';
export type { ConnectOptions, DatabaseRole } from './connection-options.ts';
export {
  connect,
  type Connection,
  type Db,
  type Executor,
  type Result,
  type Tx,
} from './database.ts';
export { type FunctionFile, readFunctions } from './functions.ts';
export { listen, type Listener, type ListenOptions } from './listen.ts';
export {
  migrate,
  type MigrateOptions,
  type Migration,
  readMigrations,
  SchemaError,
} from './migrate.ts';
export { withPatience } from './patience.ts';
export {
  assertFunctions,
  assertSchema,
  findBreaking,
  readSchemaVersion,
} from './schema-version.sql.ts';
export { openSession, type Session } from './session.ts';
export { sql, type Sql, type Statement } from './statement.ts';
export { inSnapshot, inTenant, inTransaction } from './transaction.ts';
