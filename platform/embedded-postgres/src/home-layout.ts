import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** As whom PostgreSQL runs; it refuses uid 0, so root needs one of the other two. */
export type Mode = 'own-user' | 'user-namespace' | 'nobody';

/** Where the parts of one home's PostgreSQL are. */
export interface HomeLayout {
  readonly home: string;
  /** `<home>/postgres`: lock, password and log; always ours. */
  readonly root: string;
  /** What PostgreSQL itself owns: `root`, or in mode `nobody` a folder that this user can reach. */
  readonly cluster: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly lockFile: string;
  readonly ownerFile: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

/** Short enough for the 107 bytes of a socket's path, however long the home's own path is. */
const SOCKET_PARENT = '/tmp';
const NOBODY_PARENT = '/var/lib/sagewai';

/** `home` must be the real path: two spellings of one directory are one home. */
export function layoutOf(home: string, mode: Mode): HomeLayout {
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const root = join(home, 'postgres');
  const cluster = mode === 'nobody' ? join(NOBODY_PARENT, hash) : root;
  return {
    home,
    root,
    cluster,
    dataDir: join(cluster, 'data'),
    socketDir: join(SOCKET_PARENT, `sagewai-${hash}`),
    lockFile: join(root, 'lock'),
    ownerFile: join(root, 'owner.json'),
    passwordFile: join(root, 'password'),
    logFile: join(root, 'postgres.log'),
  };
}
