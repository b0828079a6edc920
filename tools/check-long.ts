/**
 * What takes too long for every change: histories and random ledgers for minutes, all mutants of the checker and of the
 * sources, and the benchmarks in their short form. One line a step; all steps always run.
 *
 *   npm run check:long -- --minutes 20          how long histories are played (10)
 *   npm run check:long -- --only mutants        steps whose name has the text
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, only: { type: 'string', default: '' } },
});

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--project'] as const;

/** What is run, by Node; words like `NAME=value` in front are its environment. */
const steps: readonly (readonly [name: string, ...words: string[]])[] = [
  ['histories', 'e2e/src/history/main.ts', '--minutes', values.minutes],
  ['random ledgers', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'pg', 'reference-'],
  ...(['with', 'lost'] as const).flatMap(
    (mode) =>
      [
        [`database tests, Redis ${mode}`, `TEST_REDIS=${mode}`, ...VITEST, 'pg', 'planes/fleet/'],
        [`end to end, Redis ${mode}`, `TEST_REDIS=${mode}`, ...VITEST, 'e2e', 'e2e/src/tests/'],
      ] as const,
  ),
  ['mutants of histories', 'e2e/src/history/main.ts', '--mutants', '--seconds', '15'],
  ['mutants of sources', 'tools/check-mutants.ts'],
  ['helm chart', 'deploy/src/main.ts', 'check'],
  ['upgrade from a former release', 'e2e/src/upgrade/main.ts'],
  ['Terraform module', 'deploy/src/terraform/main.ts'],
  ['Pulumi component', 'deploy/src/pulumi/main.ts'],
  ['LiteLLM from PyPI', 'e2e/src/litellm-proxy/main.ts'],
  ['conformance of MCP', 'e2e/src/mcp-conformance/main.ts'],
  ['containers', 'tools/check-containers.ts', '--full'],
  ['commands in containers', 'TEST_CONTAINERS=1', ...VITEST, 'unit', 'exec/in-container'],
  ['benchmark of the gateway', 'bench/src/gateway/main.ts', '--quick'],
  ['benchmark of the fleet', 'bench/src/fleet/main.ts', '--quick'],
  ['benchmark of single calls', 'bench/src/calls/main.ts', '--quick'],
  ['benchmark of the edge', 'bench/src/edge/main.ts', '--quick'],
  ['benchmark of steps', 'bench/src/steps/main.ts', '--quick'],
  ['benchmark of the console, with an hour of live view', 'bench/src/console/main.ts', '--hour'],
  ['benchmark of tools', 'bench/src/tools/main.ts', '--quick'],
  ['memory under calls', 'bench/src/soak/main.ts', '--quick'],
  ['benchmark of admission', 'bench/src/admission/main.ts', '--quick'],
  ['benchmark of pollers', 'bench/src/pollers/main.ts', '--quick'],
];
process.env['TEST_HISTORIES_MINUTES'] = values.minutes;
const chosen = steps.filter(([name]) => name.includes(values.only));

let failed = 0;
for (const [name, ...words] of chosen) {
  const variables = words.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => word.split('='));
  const args = words.slice(variables.length);
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const [variable = '', value] of variables) env[variable] = value;
  const startedAt = performance.now();
  console.log(`---- ${name}`);
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status !== 0) failed += 1;
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
