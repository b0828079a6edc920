import pg from 'pg';

export type DatabaseRole = 'sagewai_request' | 'sagewai_dispatch';

export interface ConnectOptions {
  readonly url: string;
  /** The role every pooled connection starts as; `null` keeps the login (migrations, ownership). */
  readonly role: DatabaseRole | null;
  readonly maxConnections: number;
  /** Off behind a transaction-mode pooler, where a name may meet another session. Default on. */
  readonly preparedStatements?: boolean;
  readonly applicationName?: string;
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /**
   * A statement that is not answered within so long has lost its connection: it fails, and the connection
   * is closed, whatever it may still bring. More patient for what runs within `withPatience`.
   */
  readonly answerTimeoutMs?: number;
  /** Moves `app_now()`; tests only. */
  readonly clockOffsetSeconds?: number;
  readonly onConnectionError?: (error: Error) => void;
}

const INT8 = 20;
const NUMERIC = 1700;
const INT8_ARRAY = 1016;
const NUMERIC_ARRAY = 1231;

const toBigInt = (text: string): bigint => BigInt(text);

/** Our only `numeric` is `numeric(38,0)`, so both wide kinds are exact integers. */
const parsers: Record<number, (text: string) => unknown> = {
  [INT8]: toBigInt,
  [NUMERIC]: toBigInt,
  [INT8_ARRAY]: parseBigIntArray,
  [NUMERIC_ARRAY]: parseBigIntArray,
};

function parseBigIntArray(text: string): (bigint | null)[] {
  const inside = text.slice(1, -1);
  return inside === ''
    ? []
    : inside.split(',').map((item) => (item === 'NULL' ? null : BigInt(item)));
}

/** `set role` by connection option: it holds from the first statement, and `reset role` returns to it. */
export function connectionOptions(options: ConnectOptions): pg.PoolConfig {
  // Not `new URL`: libpq's `postgresql://user@/db?host=/socket` has no host where URLs need one.
  const [base = '', query = ''] = options.url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const given = parameters.get('options');
  parameters.delete('options');
  const settings = {
    role: options.role ?? undefined,
    statement_timeout: options.statementTimeoutMs,
    // A process that stops in the middle of a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: 15_000,
    // A session whose client is gone without a word ends, and its locks with it.
    tcp_keepalives_idle: 20,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 4,
    'sagewai.clock_offset_seconds': options.clockOffsetSeconds,
  };
  const words = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: parameters.size > 0 ? `${base}?${parameters.toString()}` : base,
    options: [...(given ? [given] : []), ...words].join(' '),
    max: options.maxConnections,
    application_name: options.applicationName ?? 'sagewai',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 20_000,
    ...(options.answerTimeoutMs === undefined ? {} : { query_timeout: options.answerTimeoutMs }),
    // `begin`, the tenant setting and the first statement leave in one packet.
    pipeline: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
        parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
    },
  } as pg.PoolConfig;
}
