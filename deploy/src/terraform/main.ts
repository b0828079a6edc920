/**
 * Formats, validates and tests the Terraform module, offline: a provider that stands in for Kubernetes' is put where
 * Terraform looks for it. Terraform, or OpenTofu, has to be installed; without it this says so.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runs } from '../find-helm.ts';
import { DEPLOY } from '../rendered.ts';

const MODULE = join(DEPLOY, 'terraform');
const STUB = join(MODULE, 'stub');
const VERSION = '2.38.0';

function main(): number {
  const command = ['terraform', 'tofu'].find((name) => runs(name, 'version'));
  if (command === undefined) {
    console.log(
      'left out: the Terraform module is not tried, for there is neither terraform nor tofu',
    );
    return process.env['REQUIRE_ALL'] === '1' ? 1 : 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'terraform-'));
  try {
    return tryModule(command, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tryModule(command: string, folder: string): number {
  const environment = { ...process.env, ...offline(command, folder) };
  const run = (program: string, words: readonly string[], cwd: string): boolean => {
    const { status } = spawnSync(program, words, { cwd, env: environment, stdio: 'inherit' });
    if (status !== 0) console.log(`FAIL ${program} ${words.join(' ')}`);
    return status === 0;
  };
  if (!run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], STUB)) return 1;
  // A copy: what Terraform writes beside a module is not the module's.
  const copy = join(folder, 'module');
  cpSync(MODULE, copy, { recursive: true, filter: (path) => !path.includes('/stub') });
  const example = join(copy, 'examples/documented');
  const steps: readonly (readonly [words: readonly string[], cwd: string])[] = [
    [['fmt', '-check', '-recursive', '-diff'], copy],
    [['init', '-input=false', '-backend=false'], copy],
    [['validate'], copy],
    [['test'], copy],
    [['init', '-input=false'], example],
    [['validate'], example],
    [['apply', '-auto-approve', '-input=false', ...EXAMPLE], example],
    // Nothing is left to be done: exit code 2 would say that there is.
    [['plan', '-detailed-exitcode', '-input=false', ...EXAMPLE], example],
  ];
  return steps.every(([words, cwd]) => run(command, words, cwd)) ? 0 : 1;
}

const EXAMPLE = [
  '-var=database_url=postgresql://sagewai:secret@postgres:5432/sagewai',
  '-var=redis_url=redis://redis:6379',
  `-var=encryption_key=${'0123456789abcdef'.repeat(4)}`,
];

/** A mirror with the stand-in, and a configuration that looks nowhere else. */
function offline(command: string, folder: string): Record<string, string> {
  const registry = command === 'tofu' ? 'registry.opentofu.org' : 'registry.terraform.io';
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const place = `${registry}/hashicorp/kubernetes/${VERSION}/${process.platform}_${arch}`;
  const mirror = join(folder, 'mirror');
  const plugin = join(mirror, place, `terraform-provider-kubernetes_v${VERSION}`);
  mkdirSync(join(mirror, place), { recursive: true });
  writeFileSync(plugin, `#!/bin/sh\nexec "${process.execPath}" "${join(STUB, 'provider.mjs')}"\n`);
  chmodSync(plugin, 0o755);
  const file = join(folder, 'cli.tfrc');
  writeFileSync(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`,
  );
  return { TF_CLI_CONFIG_FILE: file, TF_DISABLE_PLUGIN_TLS: '1', CHECKPOINT_DISABLE: '1' };
}

process.exitCode = main();
