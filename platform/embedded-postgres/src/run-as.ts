/**
 * As whom PostgreSQL runs. It refuses uid 0, and root is who runs things in a container or on a
 * fresh machine, so:
 *
 * - `own-user`: we are not root; nothing to do.
 * - `user-namespace`: a namespace in which our uid is called nobody. PostgreSQL believes that it is
 *   not root, while for the kernel it still is: files stay root's, and parents with mode 0700
 *   (`/root`) do not stand in the way. It also serves a uid without a name, which initdb refuses and
 *   some container platforms hand out.
 * - `nobody`: where namespaces are forbidden (many containers), the process gives up its rights. It
 *   could then reach neither a home nor a node_modules below `/root`, so binaries and data live
 *   under `/var/lib/sagewai/<hash of home>`.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { layoutOf, type Mode } from './home-layout.ts';
import { type Command, runToEnd } from './run-to-end.ts';

const NOBODY = 65_534;
const IN_NAMESPACE = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`] as const;

/** Who owns what PostgreSQL writes, as seen from outside. */
export function fileOwner(mode: Mode): number {
  return mode === 'nobody' ? NOBODY : ownUid();
}

export function ownUid(): number {
  return process.getuid?.() ?? -1;
}

export function commandAs(mode: Mode, file: string, args: readonly string[]): Command {
  switch (mode) {
    case 'own-user':
      return { file, args };
    case 'user-namespace':
      return { file: 'unshare', args: [...IN_NAMESPACE, file, ...args] };
    case 'nobody':
      return { file, args, uid: NOBODY, gid: NOBODY };
  }
}

/** Chooses the mode for `home` (its real path). Data that exists stays where it is. */
export async function chooseMode(home: string): Promise<Mode> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError('unsupported', 'the embedded PostgreSQL needs Linux or macOS', {
      remedy: 'set DATABASE_URL to a PostgreSQL 15 or newer',
    });
  }
  if (ownUid() !== 0) return hasName() || !(await namespacesWork()) ? 'own-user' : 'user-namespace';
  if (process.platform !== 'linux') {
    throw new EmbeddedPostgresError('unsupported', 'PostgreSQL does not run as root', {
      remedy: 'start as an ordinary user, or set DATABASE_URL',
    });
  }
  if (hasData(layoutOf(home, 'nobody').dataDir)) return 'nobody';
  if (await namespacesWork()) return 'user-namespace';
  const here = layoutOf(home, 'own-user');
  if (!hasData(here.dataDir)) return 'nobody';
  const there = layoutOf(home, 'nobody');
  throw new EmbeddedPostgresError(
    'unsupported',
    `user namespaces are forbidden here, and the data of ${home} was made with them`,
    {
      remedy:
        `move it: mkdir -p ${there.cluster} && mv ${here.dataDir} ${there.cluster}/` +
        ` && chown -R ${NOBODY}:${NOBODY} ${there.dataDir}`,
    },
  );
}

const hasData = (dataDir: string): boolean => existsSync(join(dataDir, 'PG_VERSION'));

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

async function namespacesWork(): Promise<boolean> {
  const { status } = await runToEnd(commandAs('user-namespace', 'true', []));
  return status === 0;
}
