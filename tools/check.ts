/** Everything that can be known without running the product. One line a step; all steps always run. */
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['references', 'node', 'tools/sync-references.ts', '--check'],
  ['paths of the SDK', 'node', 'tools/generate-paths.ts', '--check'],
  ['types', 'tsc', '-b'],
  ['types of tests', 'tsc', '-p', 'tsconfig.test.json'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['format', 'oxfmt', '--check'],
  // What only the next step needs in its configuration, this one hints at.
  ['dead code', 'knip', '--no-config-hints'],
  [
    'dead code in production',
    'knip',
    '--production',
    '--strict',
    '--include',
    'files,dependencies,unlisted',
  ],
  ['architecture and conventions', 'vitest', 'run', '--project', 'tools'],
];

let failed = 0;
for (const [name, command, ...args] of steps) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status !== 0) {
    failed += 1;
    console.log(`${stdout}${stderr}`);
  }
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
