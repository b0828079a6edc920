/** Installs what the Pulumi component stands on, which is large and therefore in a folder of its own, and runs its tests. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { DEPLOY } from '../rendered.ts';

const cwd = join(DEPLOY, 'pulumi');
const run = (program: string, ...words: readonly string[]): boolean =>
  spawnSync(program, words, { cwd, stdio: 'inherit' }).status === 0;

const isGood =
  run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund') &&
  run(process.execPath, '--test');
process.exitCode = isGood ? 0 : 1;
