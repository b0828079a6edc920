import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The files of the repository as they are now, in another folder, ready to run: links of the packages to
 * each other lead to the copies, what was installed is shared.
 */
export function copyTree(root: string, folder: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
  });
  const files = listed.toString().split('\0').filter(Boolean);
  const packages = new Set<string>();
  for (const file of files) {
    if (!existsSync(join(root, file))) continue;
    const to = join(folder, file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(root, file), to);
    if (file.endsWith('/package.json')) packages.add(dirname(file));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const each of packages) {
    const installed = join(root, each, 'node_modules');
    if (!existsSync(installed)) continue;
    cpSync(installed, join(folder, each, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}
