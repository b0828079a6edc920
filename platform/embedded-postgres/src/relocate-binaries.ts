import { existsSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { Binaries } from './find-binaries.ts';
import type { HomeLayout, Mode } from './home-layout.ts';
import { linkLibraries } from './link-libraries.ts';

/**
 * In mode `nobody` PostgreSQL may be unable to reach a node_modules (below `/root`), so it gets a copy
 * of the package. The system's own binaries are where everybody can reach them.
 */
export async function relocateBinaries(
  binaries: Binaries,
  mode: Mode,
  layout: HomeLayout,
): Promise<Binaries> {
  if (mode !== 'nobody' || binaries.source !== 'package') return binaries;
  const native = join(layout.cluster, `native-${binaries.version}`);
  if (!existsSync(native)) {
    for (const name of await readdir(layout.cluster)) {
      // Copies for versions that are no longer used, and one that a crash left half made.
      if (name.startsWith('native-')) await rm(join(layout.cluster, name), { recursive: true });
    }
    const staging = `${native}.new`;
    await cp(dirname(binaries.dir), staging, { recursive: true, verbatimSymlinks: true });
    await rename(staging, native);
  }
  const libraryPath = await linkLibraries(native, join(layout.cluster, 'lib'));
  return { ...binaries, dir: join(native, basename(binaries.dir)), libraryPath };
}
