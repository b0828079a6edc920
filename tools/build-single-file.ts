/**
 * The command line and the worker as one file that needs nothing beside it: for devices at the edge of the network.
 *
 *   node tools/build-single-file.ts                 .images/sagewai-linux-x64, and it is tried
 *   node tools/build-single-file.ts --arch arm64 --node FILE      on that architecture's Node; it cannot be tried here
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { build } from 'rolldown';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    arch: { type: 'string', default: process.arch },
    node: { type: 'string' },
  },
});
const { arch } = values;
const out = resolve(values.out ?? `.images/sagewai-linux-${arch}`);

/** What the first word chooses, as the launcher does. */
const ENTRY = `
import { main as cli } from '${resolve('clients/cli/src/main.ts')}';
import { main as worker } from '${resolve('clients/worker/src/main.ts')}';
const words = process.argv.slice(2);
const chosen = words[0] === 'worker' ? worker(words.slice(1)) : cli(words.length === 0 ? ['--help'] : words);
chosen.then((code) => { if (typeof code === 'number') process.exitCode = code; });
`;

async function bundle(input: string, file: string): Promise<void> {
  await build({
    input,
    platform: 'node',
    logLevel: 'warn',
    output: { file, format: 'cjs', codeSplitting: false, minify: false, comments: false },
  });
}

const folder = mkdtempSync(join(tmpdir(), 'sagewai-single-'));
try {
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, ENTRY);
  await bundle(entry, join(folder, 'main.cjs'));
  await bundle(
    resolve('clients/worker/src/heartbeat-thread.ts'),
    join(folder, 'heartbeat-thread.js'),
  );
  const base = resolve(values.node ?? `node_modules/node-linux-${arch}/bin/node`);
  if (!existsSync(base)) throw new Error(`there is no Node for ${arch} here: ${base}`);
  const config = join(folder, 'sea.json');
  writeFileSync(
    config,
    JSON.stringify({
      main: join(folder, 'main.cjs'),
      output: join(folder, 'sagewai'),
      executable: base,
      disableExperimentalSEAWarning: true,
      useCodeCache: false,
      assets: { 'heartbeat-thread.js': join(folder, 'heartbeat-thread.js') },
    }),
  );
  execFileSync(process.execPath, ['--build-sea', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(dirname(out), { recursive: true });
  copyFileSync(join(folder, 'sagewai'), out);
  const size = Math.round(statSync(out).size / 1_000_000);
  if (arch !== process.arch) console.log(`${out}: ${size} MB, not tried here`);
  else {
    const { status, stdout } = spawnSync(out, ['worker', '--help'], { encoding: 'utf8', cwd: '/' });
    if (status !== 0 || !stdout.includes('sagewai worker')) throw new Error('it does not start');
    console.log(`${out}: ${size} MB`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
