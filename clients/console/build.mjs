// Builds the console into `dist`, once for each state of its sources: a digest in `dist/digest` says of which.
// Plain JavaScript, so that the launcher can start it as a child on any Node that is new enough.
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
export const CONSOLE_DIR = join(here, 'dist');

/** What the built files are made of. */
const SOURCES = [
  'clients/console/{src,public}/**/*',
  'clients/console/{index.html,vite.config.ts,package.json,build.mjs}',
  'contract/{seal,wire}/src/*.ts',
  'clients/{sdk,verify}/src/**/*.ts',
  'pnpm-lock.yaml',
];
const isSource = (name) => /\.(?:tsx?|css|html|json|mjs|svg|yaml)$/.test(name);

function digestOfSources() {
  const hash = createHash('sha256');
  for (const name of globSync(SOURCES, { cwd: root }).toSorted()) {
    if (!isSource(name) || name.endsWith('.test.ts')) continue;
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Returns the folder. Two builds at once do not meet: each has a folder of its own until it is whole. */
export async function ensureConsole() {
  const stamp = join(CONSOLE_DIR, 'digest');
  const wanted = digestOfSources();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return CONSOLE_DIR;
  const { build } = await import('vite');
  const made = `${CONSOLE_DIR}.${process.pid}`;
  const former = `${made}.former`;
  try {
    await build({
      root: here,
      configFile: join(here, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: made, emptyOutDir: true },
    });
    compressAll(join(made, 'console', 'assets'));
    writeFileSync(join(made, 'digest'), wanted);
    mkdirSync(CONSOLE_DIR, { recursive: true });
    renameSync(CONSOLE_DIR, former);
    renameSync(made, CONSOLE_DIR);
  } finally {
    rmSync(made, { recursive: true, force: true });
    rmSync(former, { recursive: true, force: true });
  }
  return CONSOLE_DIR;
}

/** Once here instead of at each request. */
function compressAll(folder) {
  for (const name of readdirSync(folder)) {
    if (!/\.(?:js|css|svg)$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    if (bytes.length < 1024) continue;
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Whatever starts beside it goes first.
  os.setPriority(5);
  await ensureConsole();
}
