import { readFileSync } from 'node:fs';

import { DATABASE, type Passwords } from './create-cluster.ts';
import type { PostmasterFile } from './postmaster-file.ts';

/** Null: there are none that can be read. */
export function readPasswords(path: string): Passwords | null {
  try {
    const { superuser, login } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Passwords>;
    return superuser && login ? { superuser, login } : null;
  } catch {
    return null;
  }
}

/** `localhost` only fills the place that URLs need; the driver and libpq take the `host` after it. */
export function urlOf(
  postmaster: PostmasterFile,
  user: string,
  password: string,
  database = DATABASE,
): string {
  const host = encodeURIComponent(postmaster.socketDir);
  return `postgres://${user}:${password}@localhost:${postmaster.port}/${database}?host=${host}`;
}
