/**
 * PostgreSQL and Redis as images, made of this machine's own programs: where no registry is reached, compose files that name
 * the official ones can be started all the same. They take the same settings, as far as our files use them.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Containers } from './containers.ts';

const POSTGRES = '/usr/lib/postgresql/15';

const START_POSTGRES = `#!/bin/sh
set -e
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$data" -U postgres --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust -E UTF8 --locale=C
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  echo "create database \\"$POSTGRES_DB\\"" | postgres --single -D "$data" postgres
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ -f "$file" ] && postgres --single -D "$data" postgres < "$file"
  done
fi
exec postgres -D "$data" -c "listen_addresses=*" -c unix_socket_directories=/var/run/postgresql
`;

const START_REDIS = `#!/bin/sh
exec "$@" --protected-mode no
`;

/** Names what is missing here for them; null: nothing. */
export function findMissingProgram(): string | null {
  const needed = [`${POSTGRES}/bin/postgres`, '/usr/bin/redis-server', '/usr/bin/redis-cli'];
  return needed.find((file) => !existsSync(file)) ?? null;
}

export function buildStandIns(containers: Containers, folder: string): void {
  const programs = ['postgres', 'initdb', 'psql', 'pg_isready'].map(
    (name) => `${POSTGRES}/bin/${name}`,
  );
  const shell = ['/bin/sh'];
  const postgres = lay(join(folder, 'postgres'), [...programs, ...shell], (to) => {
    cpSync(`${POSTGRES}/lib`, join(to, POSTGRES, 'lib'), {
      recursive: true,
      filter: (path) => !/llvm|bitcode/.test(path),
    });
    cpSync('/usr/share/postgresql/15', join(to, 'usr/share/postgresql/15'), { recursive: true });
    if (existsSync('/usr/share/zoneinfo'))
      cpSync('/usr/share/zoneinfo', join(to, 'usr/share/zoneinfo'), {
        recursive: true,
        dereference: true,
      });
    writeFileSync(join(to, 'start'), START_POSTGRES, { mode: 0o755 });
    mkdirSync(join(to, 'own/data'), { recursive: true });
    mkdirSync(join(to, 'own/run'), { recursive: true });
  });
  writeFileSync(
    join(postgres, 'Containerfile'),
    [
      'FROM scratch',
      'COPY root/ /',
      'COPY --chown=999:999 root/own/data/ /var/lib/postgresql/data/',
      'COPY --chown=999:999 root/own/run/ /var/run/postgresql/',
      `ENV PATH=${POSTGRES}/bin:/usr/bin:/bin`,
      'VOLUME /var/lib/postgresql/data',
      'STOPSIGNAL SIGINT',
      'USER 999:999',
      'ENTRYPOINT ["/start"]',
    ].join('\n'),
  );
  const redis = lay(
    join(folder, 'redis'),
    ['/usr/bin/redis-server', '/usr/bin/redis-cli', ...shell],
    (to) => writeFileSync(join(to, 'start'), START_REDIS, { mode: 0o755 }),
  );
  writeFileSync(
    join(redis, 'Containerfile'),
    [
      'FROM scratch',
      'COPY root/ /',
      'WORKDIR /tmp',
      'USER 999:999',
      'ENTRYPOINT ["/start"]',
      'CMD ["redis-server"]',
    ].join('\n'),
  );
  const build = (context: string, ...tags: string[]): string =>
    containers.must(
      'buildah',
      'bud',
      '--format',
      'oci',
      '--layers=false',
      ...tags.flatMap((tag) => ['--tag', `docker.io/library/${tag}`]),
      context,
    );
  build(postgres, 'postgres:15-alpine', 'postgres:16');
  build(redis, 'redis:7-alpine');
}

/** Programs with the libraries that they load, below `root` of the folder. */
function lay(folder: string, programs: readonly string[], more: (root: string) => void): string {
  rmSync(folder, { recursive: true, force: true });
  const root = join(folder, 'root');
  const files = new Set(programs);
  for (const program of programs) {
    const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
    for (const [, file] of listed.matchAll(/(\/\S+) \(0x/g))
      if (file !== undefined) files.add(file);
  }
  for (const file of files) {
    const to = join(root, file);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(realpathSync(file), to);
  }
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'tmp'), { recursive: true });
  // Whatever the mask of whoever builds.
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(
    join(root, 'etc/passwd'),
    `root:x:0:0::/:/bin/sh\n${basename(folder)}:x:999:999::/tmp:/bin/sh\n`,
  );
  more(root);
  return folder;
}
