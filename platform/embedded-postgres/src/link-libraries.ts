import { access, mkdir, readFile, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * The npm packages cannot carry symbolic links; they list them in `pg-symlinks.json` for an install
 * script. Install scripts do not run here, so the links are made at the first start: in the package,
 * or, when it is read-only or somebody else's, in `fallbackDir`.
 *
 * `symlink` is atomic and fails when the name is taken, so processes that do this at once agree.
 *
 * Returns what the loader must be told (`LD_LIBRARY_PATH`), or `null` when it finds them by itself.
 */
export async function linkLibraries(
  nativeDir: string,
  fallbackDir: string,
): Promise<string | null> {
  const links = await readLinks(nativeDir);
  try {
    for (const link of links) {
      const from = join(nativeDir, link.target);
      await ensureLink(relative(dirname(from), join(nativeDir, link.source)), from);
    }
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
  }
  await mkdir(fallbackDir, { recursive: true, mode: 0o700 });
  for (const { source, target } of links) {
    await ensureLink(join(nativeDir, source), join(fallbackDir, basename(target)));
  }
  // A library that is reached through a link has no path of its own back to its neighbours.
  return `${fallbackDir}:${join(nativeDir, 'lib')}`;
}

/** The list's paths start at the package; ours at `native`. */
async function readLinks(nativeDir: string): Promise<Link[]> {
  const text = await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const inNative = (path: string): string => path.replace(/^native\//, '');
  return (JSON.parse(text) as Link[]).map(({ source, target }) => ({
    source: inNative(source),
    target: inNative(target),
  }));
}

async function ensureLink(pointsAt: string, path: string): Promise<void> {
  try {
    await symlink(pointsAt, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      // A read-only file system answers EROFS before it looks whether the link is there.
      if (await isLink(pointsAt, path)) return;
      throw error;
    }
    await access(path);
  }
}

async function isLink(pointsAt: string, path: string): Promise<boolean> {
  return (await readlink(path).catch(() => null)) === pointsAt;
}
