import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { COMMAND_DEFAULTS, type CommandProfile, type Container } from './command-profile.ts';
import { type CommandEnd, runCommand } from './run-command.ts';

/** Of `npm run check:long`: a machine has a runtime for containers, or it has not. */
const IS_ASKED = process.env['TEST_CONTAINERS'] === '1';
const IMAGE = 'localhost/sagewai-exec-test';
const PROGRAMS = ['sh', 'cat', 'sleep', 'ls'];
const run = promisify(execFile);
/** Within a container itself, podman may not raise its own limits, and has no systemd. */
const SETTINGS = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

describe.runIf(IS_ASKED)('a command in a container of podman', () => {
  let folder = '';
  let container: Container;
  let podman = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sagewai-container-'));
    podman = join(folder, 'podman');
    await writeFile(join(folder, 'containers.conf'), SETTINGS);
    const storage = ['[storage]', 'driver = "overlay"'];
    for (const root of ['graphroot', 'runroot']) storage.push(`${root} = "${join(folder, root)}"`);
    await writeFile(join(folder, 'storage.conf'), storage.join('\n'));
    const script = [
      '#!/bin/sh',
      `export CONTAINERS_CONF=${folder}/containers.conf CONTAINERS_STORAGE_CONF=${folder}/storage.conf`,
      'exec podman "$@"',
    ];
    await writeFile(podman, script.join('\n'));
    await chmod(podman, 0o755);
    await importImage(join(folder, 'root'), podman);
    container = { image: IMAGE, runtime: podman, network: 'none', memory: null, cpus: null };
  }, 60_000);

  afterAll(async () => {
    await run(podman, ['rmi', '--force', IMAGE]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const start = (
    command: readonly string[],
    more: Partial<CommandProfile> = {},
    signal = new AbortController().signal,
  ): Promise<CommandEnd> =>
    runCommand(
      { ...COMMAND_DEFAULTS, command, env: [], cwd: null, container, ...more },
      {
        input: { n: 4 },
        environment: { PATH: process.env['PATH'], TOKEN: 'given', OTHER: 'kept' },
        told: {},
        name: 'sagewai-container-test',
        signal,
      },
    );
  const left = async (): Promise<string> =>
    (await run(podman, ['ps', '--all', '--quiet', '--filter', 'name=sagewai-container-test']))
      .stdout;

  test('reads its input, answers, and is gone', async () => {
    expect(await start(['/bin/cat'])).toMatchObject({ kind: 'exited', code: 0, output: '{"n":4}' });
    expect(await left()).toBe('');
  }, 60_000);

  test('sees the variables that it may see, cannot write its image, and has no network', async () => {
    const script =
      'echo "$TOKEN,$OTHER"; ls /sys/class/net; (: > /made) 2>/dev/null || echo read-only';
    const end = await start(['/bin/sh', '-c', script], { env: ['TOKEN'] });
    expect(end).toMatchObject({ kind: 'exited', output: 'given,\nlo\nread-only\n' });
  }, 60_000);

  test('one that does not end is ended, and its container with it', async () => {
    const end = await start(['/bin/sleep', '600'], { timeoutMs: 2_000 });
    expect(end).toMatchObject({ kind: 'stopped', by: 'timeout' });
    await expect.poll(left, { timeout: 5_000 }).toBe('');
  }, 60_000);

  test('an image that there is not is told as nothing started', async () => {
    const image = 'localhost/sagewai-nothing';
    const end = await start(['/bin/cat'], { container: { ...container, image } });
    expect(end).toMatchObject({ kind: 'unstarted' });
  }, 60_000);
});

/** A few programs of this machine with what they load: no registry is asked. */
async function importImage(root: string, podman: string): Promise<void> {
  for (const name of PROGRAMS) {
    const { stdout } = await run('ldd', [`/bin/${name}`]);
    for (const file of [`/bin/${name}`, ...(stdout.match(/\/[^\s)]+/g) ?? [])]) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await copyFile(file, join(root, file));
    }
  }
  await mkdir(join(root, 'tmp'), { recursive: true });
  await run('tar', ['--create', '--file', `${root}.tar`, '--directory', root, '.']);
  await run(podman, ['import', '--quiet', `${root}.tar`, IMAGE]);
}
