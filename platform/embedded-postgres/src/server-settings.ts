/** Settings of PostgreSQL by name, as in `postgresql.conf`. */
export type Settings = Readonly<Record<string, string | number>>;

const LAPTOP: Settings = {
  shared_buffers: '128MB',
  max_connections: 100,
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '1GB',
  random_page_cost: 1.1,
  jit: 'off',
  max_wal_size: '1GB',
  min_wal_size: '64MB',
  wal_compression: 'on',
  // Nobody replicates from a laptop: fewer processes, and less to write.
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_logical_replication_workers: 0,
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  logging_collector: 'off',
  cluster_name: 'sagewai',
};

/** What a killed PostgreSQL had committed is still there; what a killed machine had may not be. */
const WITHOUT_FSYNC: Settings = { fsync: 'off', full_page_writes: 'off' };

/** `io_method` came with 18; `sync` spares three processes, and a laptop's disk does not notice. */
const SINCE_18: Settings = { io_method: 'sync' };

/**
 * The command line after `postgres`. Everything is on it and nothing in a file, so that what runs does
 * not depend on what an earlier version wrote, and a template holds no settings.
 */
export function serverArguments(options: {
  dataDir: string;
  socketDir: string;
  /** `null`: the Unix socket only. */
  tcpPort: number | null;
  major: number;
  fsync: boolean;
  settings: Settings;
}): string[] {
  const settings: Settings = {
    ...LAPTOP,
    ...(options.major >= 18 ? SINCE_18 : {}),
    ...(options.fsync ? {} : WITHOUT_FSYNC),
    ...options.settings,
    listen_addresses: options.tcpPort === null ? '' : '127.0.0.1',
    port: options.tcpPort ?? 5432,
    unix_socket_directories: options.socketDir,
    unix_socket_permissions: '0700',
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', options.dataDir, ...words];
}
