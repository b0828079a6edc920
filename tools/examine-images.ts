import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { IMAGES, type ImageName } from './container-images.ts';
import type { Containers } from './containers.ts';

const MB = 1_000_000;
const COMPRESSED_MB_MAX = { server: 220, worker: 160, edge: 220 } as const satisfies Record<
  ImageName,
  number
>;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
interface Manifest {
  readonly schemaVersion: number;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Config {
  readonly architecture: string;
  readonly os: string;
  readonly config: {
    readonly User: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly StopSignal: string;
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

/** Throws with the first promise that an image does not keep. Prints the sizes. */
export function examineImages(containers: Containers, folder: string): void {
  for (const name of Object.keys(IMAGES) as ImageName[]) {
    const layout = join(folder, `layout-${name}`);
    containers.must(
      'buildah',
      'push',
      '--quiet',
      '--format',
      'oci',
      `docker.io/sagewai/${name}:latest`,
      `oci:${layout}:latest`,
    );
    const { manifest, config } = readLayout(layout);
    const bytes = manifest.layers.reduce((sum, { size }) => sum + size, 0);
    console.log(`     sagewai/${name}: ${(bytes / MB).toFixed(1)} MB compressed`);
    demand(
      bytes <= COMPRESSED_MB_MAX[name] * MB,
      `${name} is larger than ${COMPRESSED_MB_MAX[name]} MB`,
    );
    demand(config.config.User === '10001:10001', `${name} does not run as a user of its own`);
    demand(config.config.StopSignal === 'SIGTERM', `${name} is not stopped by SIGTERM`);
    for (const label of ['title', 'version', 'revision', 'licenses', 'created', 'base.name']) {
      demand(
        Boolean(config.config.Labels[`org.opencontainers.image.${label}`]),
        `${name} lacks the label ${label}`,
      );
    }
    rmSync(layout, { recursive: true });
    examineInside(containers, name);
  }
}

/** The layout as the specification of OCI images has it: every blob is what its digest says, every layer is in the config. */
function readLayout(layout: string): { readonly manifest: Manifest; readonly config: Config } {
  const json = (path: string): unknown => JSON.parse(readFileSync(join(layout, path), 'utf8'));
  const { imageLayoutVersion } = json('oci-layout') as { imageLayoutVersion: string };
  demand(imageLayoutVersion === '1.0.0', 'the layout has no version');
  const blobs = join(layout, 'blobs/sha256');
  for (const digest of readdirSync(blobs)) {
    const found = createHash('sha256')
      .update(readFileSync(join(blobs, digest)))
      .digest('hex');
    demand(found === digest, `the blob ${digest} is another`);
  }
  const blob = <Value>({ digest, size }: Descriptor): Value => {
    const path = join('blobs', digest.replace(':', '/'));
    demand(statSync(join(layout, path)).size === size, `${digest} has another size`);
    return json(path) as Value;
  };
  const { manifests } = json('index.json') as { manifests: readonly [Descriptor] };
  demand(
    manifests[0].mediaType === 'application/vnd.oci.image.manifest.v1+json',
    'it is no OCI manifest',
  );
  const manifest = blob<Manifest>(manifests[0]);
  demand(manifest.schemaVersion === 2, 'the manifest has another version');
  demand(
    manifest.config.mediaType === 'application/vnd.oci.image.config.v1+json',
    'it has no OCI config',
  );
  for (const layer of manifest.layers) {
    demand(
      layer.mediaType === 'application/vnd.oci.image.layer.v1.tar+gzip',
      'a layer has another kind',
    );
    demand(
      statSync(join(layout, 'blobs', layer.digest.replace(':', '/'))).size === layer.size,
      'a layer has another size',
    );
  }
  const config = blob<Config>(manifest.config);
  demand(config.rootfs.diff_ids.length === manifest.layers.length, 'config and manifest disagree');
  demand(config.os === 'linux' && config.architecture === 'amd64', 'it is for another platform');
  return { manifest, config };
}

function examineInside(containers: Containers, name: ImageName): void {
  const run = (entry: string, ...words: string[]): string =>
    containers.must(
      'podman',
      'run',
      '--rm',
      '--pull',
      'never',
      '--read-only',
      '--cap-drop',
      'all',
      '--network',
      'none',
      '--security-opt',
      'no-new-privileges',
      '--entrypoint',
      entry,
      `sagewai/${name}:latest`,
      ...words,
    );
  const node = (text: string): unknown =>
    JSON.parse(run('/usr/bin/node', '--input-type=module', '-e', text));
  demand(run('sagewai', '--help').includes('sagewai'), `${name} has no command line`);
  if (name !== 'worker')
    demand(run('curl', '--version').startsWith('curl '), `${name} has no curl`);
  const seen = node(`
    import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
    const fails = (work) => { try { work(); return false; } catch { return true; } };
    writeFileSync('/var/lib/sagewai/kept', 'x');
    console.log(JSON.stringify({
      uid: process.getuid(),
      rootIsReadOnly: fails(() => writeFileSync('/app/x', 'x')),
      shells: ['/bin/sh', '/bin/bash', '/usr/bin/dash', '/usr/bin/perl'].filter((file) => existsSync(file)),
      authorities: readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8').split('BEGIN CERTIFICATE').length,
      bill: JSON.parse(readFileSync('/usr/share/sagewai/sbom.cdx.json', 'utf8')),
    }));
  `) as {
    readonly uid: number;
    readonly rootIsReadOnly: boolean;
    readonly shells: readonly string[];
    readonly authorities: number;
    readonly bill: {
      readonly bomFormat: string;
      readonly components: readonly { readonly purl: string }[];
    };
  };
  demand(seen.uid === 10_001, `${name} runs as ${seen.uid}`);
  demand(seen.rootIsReadOnly, `${name} can change itself`);
  demand(seen.shells.length === 0, `${name} has ${seen.shells.join(', ')}`);
  demand(seen.authorities > 100, `${name} trusts no authority`);
  demand(seen.bill.bomFormat === 'CycloneDX', `${name} has no bill of materials`);
  for (const part of ['pkg:npm/', 'pkg:deb/debian/libc6@', 'pkg:generic/node@']) {
    demand(
      seen.bill.components.some(({ purl }) => purl.startsWith(part)),
      `its bill of materials lacks ${part}`,
    );
  }
}

function demand(holds: boolean, why: string): void {
  if (!holds) throw new Error(why);
}
