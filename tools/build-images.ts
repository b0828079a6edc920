/**
 * Builds the images `sagewai/server`, `sagewai/worker` and `sagewai/edge` out of Debian's packages, the Node of the lockfile and the
 * workspace, by buildah and without a registry. The same commit makes the same bytes.
 *
 *   node tools/build-images.ts                   into .images, tagged for podman there
 *   node tools/build-images.ts --out FOLDER      somewhere else
 *   node tools/build-images.ts --newer           where Debian no longer has a version of the list, take its newest
 *   node tools/build-images.ts --lock            write the list of packages anew
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { stageApp, stageNode } from './container-app.ts';
import {
  type BaseLock,
  finishRoot,
  lockNewest,
  type LockedPackage,
  prepareRoot,
  unpack,
} from './container-base.ts';
import { IMAGES, type ImageName } from './container-images.ts';
import { findMissingTool, useContainers } from './containers.ts';
import { type Component, toCycloneDx } from './sbom.ts';

const CONSOLE = 'clients/console/dist';
const LOCK = 'deploy/images/base.json';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '.images' },
    newer: { type: 'boolean', default: false },
    lock: { type: 'boolean', default: false },
  },
});

function build(out: string, newer: boolean): void {
  const missing = findMissingTool(['buildah', 'dpkg-deb', 'apt-get']);
  if (missing !== null) {
    process.stderr.write(`Images are built with ${missing}, which is not here.\n`);
    process.exitCode = 1;
    return;
  }
  const root = process.cwd();
  const context = join(out, 'context');
  rmSync(context, { recursive: true, force: true });
  for (const name of ['base', 'curl', 'node', 'home/sagewai', 'server', 'worker'])
    mkdirSync(join(context, name), { recursive: true });

  const lock = JSON.parse(readFileSync(LOCK, 'utf8')) as BaseLock;
  const how = { cache: join(out, 'packages'), newer };
  prepareRoot(join(context, 'base'));
  const base = unpack(lock.base, join(context, 'base'), how);
  finishRoot(join(context, 'base'));
  const curl = layCurl(lock, join(context, 'curl'), how);
  const node = stageNode(root, join(context, 'node'), 'x64');

  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const git = (...words: string[]): string =>
    execFileSync('git', words, { encoding: 'utf8' }).trim();
  const madeAt = new Date(Number(git('log', '-1', '--format=%ct')) * 1_000);
  const described = { version, madeAt };
  // Server and edge serve the console from files; what builds it stays out of the image.
  execFileSync(process.execPath, ['clients/console/build.mjs'], { stdio: 'inherit' });
  cpSync(CONSOLE, join(context, 'server/app', CONSOLE), { recursive: true });
  for (const [app, packages] of [
    ['server', [...base, ...curl]],
    ['worker', base],
  ] as const) {
    const own = stageApp(root, join(context, app, 'app'), IMAGES[app].packages);
    layCommand(join(context, app));
    const all = [...own, node, ...packages.map((one) => debian(one, lock))];
    const file = join(context, app, 'usr/share/sagewai/sbom.cdx.json');
    mkdirSync(join(context, app, 'usr/share/sagewai'), { recursive: true });
    const bill = toCycloneDx({ ...described, name: `sagewai/${app}` }, all);
    writeFileSync(file, `${JSON.stringify(bill, null, 1)}\n`);
    cpSync(file, join(out, `${app}.cdx.json`));
  }

  const containers = useContainers(out, process.env);
  const revision = git('rev-parse', 'HEAD');
  for (const name of Object.keys(IMAGES) as ImageName[]) {
    const labels = {
      title: `sagewai/${name}`,
      description: IMAGES[name].says,
      version,
      revision,
      created: madeAt.toISOString(),
      licenses: 'Apache-2.0',
      vendor: 'Sagewai',
      'base.name': `debian:${lock.suite} (packages)`,
    };
    const tags = [name, ...IMAGES[name].alsoTagged].flatMap((each) =>
      [version, 'latest'].map((tag) => `docker.io/sagewai/${each}:${tag}`),
    );
    containers.must(
      'buildah',
      'bud',
      '--format',
      'oci',
      '--layers=true',
      '--omit-history',
      '--timestamp',
      String(madeAt.getTime() / 1_000),
      '--target',
      name,
      ...Object.entries(labels).flatMap(([key, value]) => [
        '--label',
        `org.opencontainers.image.${key}=${value}`,
      ]),
      ...tags.flatMap((tag) => ['--tag', tag]),
      '--file',
      'deploy/images/Containerfile',
      context,
    );
    process.stdout.write(`sagewai/${name}:${version}\n`);
  }
}

function layCurl(
  lock: BaseLock,
  to: string,
  how: { readonly cache: string; readonly newer: boolean },
): LockedPackage[] {
  prepareRoot(to);
  const taken = unpack(lock.curl, to, how);
  finishRoot(to);
  // What the base has already.
  for (const name of ['bin', 'lib', 'lib64', 'etc', 'tmp', 'var', 'proc', 'sys', 'dev'])
    rmSync(join(to, name), { recursive: true, force: true });
  return taken;
}

/** `sagewai` and `sage-edge` on the path, begun by the Node that is there: there is no `env` to find one. */
function layCommand(to: string): void {
  mkdirSync(join(to, 'usr/local/bin'), { recursive: true });
  for (const name of ['sagewai', 'sage-edge']) {
    const file = join(to, `app/apps/launcher/bin/${name}.js`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^#!.*/, '#!/usr/bin/node'), {
      mode: 0o755,
    });
    symlinkSync(`/app/apps/launcher/bin/${name}.js`, join(to, 'usr/local/bin', name));
  }
}

const debian = (
  { name, version }: LockedPackage,
  { suite, architecture }: BaseLock,
): Component => ({
  name,
  version,
  purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${suite}`,
});

if (values.lock) {
  writeFileSync(LOCK, `${JSON.stringify(lockNewest(), null, 2)}\n`);
  process.stdout.write(`${LOCK} was written\n`);
} else build(resolve(values.out), values.newer);
