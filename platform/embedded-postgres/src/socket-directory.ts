import { chown, rm } from 'node:fs/promises';

import type { HomeLayout, Mode } from './home-layout.ts';
import { findPostmaster } from './postmaster-file.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { fileOwner, ownUid } from './run-as.ts';

/** Makes the directory of the socket, or refuses one that somebody else may have put there. */
export async function ensureSocketDirectory(layout: HomeLayout, mode: Mode): Promise<void> {
  const owner = fileOwner(mode);
  if (owner !== ownUid()) {
    await ensurePrivateDirectory(layout.socketDir, ownUid())
      .then(() => chown(layout.socketDir, owner, owner))
      // It is nobody's already; or somebody else's, which the next line refuses.
      .catch(() => undefined);
  }
  await ensurePrivateDirectory(layout.socketDir, owner);
}

/** A killed postmaster leaves its socket. What is in use, or not ours, stays. */
export async function removeSocketDirectory(layout: HomeLayout, mode: Mode): Promise<void> {
  if (findPostmaster(layout.dataDir) !== null) return;
  const isOurs = await ensurePrivateDirectory(layout.socketDir, fileOwner(mode)).then(
    () => true,
    () => false,
  );
  if (isOurs) await rm(layout.socketDir, { recursive: true, force: true });
}
