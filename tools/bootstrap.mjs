// Installs what is missing, so that a clone needs nothing but Node 20 and npm. Runs under whichever
// Node the machine has: plain JavaScript, no dependencies. Says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const marker = join(root, 'node_modules', '.sagewai-installed');

function lockfileHash() {
  const hash = createHash('sha256');
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) {
    hash.update(readFileSync(join(root, name)));
  }
  return hash.digest('hex');
}

const wanted = lockfileHash();
let isNew = false;
const installed = existsSync(marker) ? readFileSync(marker, 'utf8') : '';
if (installed !== wanted) {
  process.stderr.write('Installing dependencies (once; about a minute on a cold machine) …\n');
  const { status, stdout } = spawnSync(
    'npx',
    ['-y', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'],
    {
      cwd: root,
      // `npm run --silent` would have it fail without a word.
      env: { ...process.env, npm_config_loglevel: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      shell: process.platform === 'win32',
    },
  );
  if (status !== 0) {
    process.stderr.write(
      `${stdout ?? ''}\nThe installation failed; the lines above say why. It needs npm's registry. ` +
        `Again: npx -y ${PNPM} install --frozen-lockfile\n`,
    );
    process.exit(1);
  }
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, wanted);
  isNew = true;
}

// The bundled Node needs libatomic, which a bare Debian image lacks; the machine's own may do instead.
const name = `node-${process.platform}-${process.arch}`;
const bundled = join(root, 'node_modules', name, 'bin', 'node');
const first = join(root, 'node_modules', '.bin', 'node');
const works = (command) => {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = (stdout ?? '').trim().slice(1).split('.').map(Number);
  return status === 0 && (major > 24 || (major === 24 && minor >= 12));
};
if (works(bundled)) {
  if (!existsSync(first)) {
    rmSync(first, { force: true }); // a link may lead nowhere
    symlinkSync(relative(dirname(first), bundled), first);
  }
} else {
  // It is the first on every script's path, in front of one that does start and of the lines below.
  rmSync(first, { force: true });
  if (!works(process.execPath)) {
    process.stderr.write(
      existsSync(bundled)
        ? 'The bundled Node does not start. On Debian or Ubuntu: apt-get install libatomic1\n'
        : 'Sagewai needs Node 24.12 or newer on this platform: https://nodejs.org\n',
    );
    process.exit(1);
  }
}

// Who strips sources of their types holds a compiler until it ends, 13 MB or more: the first start finds it done.
if (isNew) {
  const launcher = join(root, 'apps', 'launcher', 'bin', 'sagewai.js');
  for (const word of ['server', 'worker', 'up'])
    spawnSync(first, [launcher, word, '--help'], { stdio: 'ignore' });
  spawnSync(first, [join(root, 'tools', 'keep-compiled.mjs')], { stdio: 'ignore' });
}
