/**
 * Writes each package's `tsconfig.json` from its manifest: references are its workspace dependencies.
 * `--check` only compares. Tests are checked by `tsconfig.test.json` alone, else `platform/testing`
 * and `platform/postgres` would refer to each other in a circle.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

// The SDK takes types from the contract and nothing at run time, so for it they are a dev dependency.
const isContract = (name: string): boolean =>
  ['@sagewai/wire', '@sagewai/config', '@sagewai/certificate', '@sagewai/translate'].includes(name);

const manifests = globSync(
  '{{contract,platform,planes,apps,clients,examples}/*,db,e2e,bench,deploy}/package.json',
)
  .toSorted()
  .map((path) => ({
    folder: dirname(path),
    manifest: JSON.parse(readFileSync(path, 'utf8')) as Manifest,
  }))
  .filter(({ folder }) => existsSync(`${folder}/src`));
const folderOf = new Map(manifests.map(({ folder, manifest }) => [manifest.name, folder]));

function tsconfigOf({ folder, manifest }: (typeof manifests)[number]): string {
  const up = relative(folder, '.');
  const references = [
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.devDependencies ?? {}).filter(isContract),
  ]
    .flatMap((name) => folderOf.get(name) ?? [])
    .map((target) => ({ path: relative(folder, target) }));
  // The one package that runs in a browser: other libraries, other files, and tests that `tsconfig.test.json` leaves out.
  const isOfBrowsers = folder === 'clients/console';
  const config = {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: {
      rootDir: 'src',
      outDir: `${up}/.types/${folder}`,
      tsBuildInfoFile: `${up}/.types/${folder}/.tsbuildinfo`,
      ...(isOfBrowsers
        ? {
            jsx: 'react-jsx',
            lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
            types: [],
          }
        : {}),
    },
    include: ['src'],
    exclude: isOfBrowsers ? [] : ['src/**/*.test.ts'],
    references,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const solution = {
  files: [],
  references: [...manifests.map(({ folder }) => folder), 'tools'].map((path) => ({ path })),
};

const wanted = new Map<string, string>([
  ...manifests.map((entry) => [`${entry.folder}/tsconfig.json`, tsconfigOf(entry)] as const),
  ['tsconfig.json', `${JSON.stringify(solution, null, 2)}\n`],
]);

// The formatter may break lines elsewhere, so what they say is compared, not how.
const meaning = (text: string): string => JSON.stringify(JSON.parse(text));
const stale = [...wanted].filter(
  ([path, text]) => !existsSync(path) || meaning(readFileSync(path, 'utf8')) !== meaning(text),
);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not what its manifest says`);
  if (stale.length > 0) console.error('Run: node tools/sync-references.ts');
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) writeFileSync(path, text);
}
