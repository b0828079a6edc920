/**
 * The images and the stack, for real: built, looked at, started under podman-compose; five workers enroll by the declared key, a run
 * completes, and everything ends by SIGTERM.
 *
 *   node tools/check-containers.ts              about two minutes
 *   node tools/check-containers.ts --full       also: built twice for the same bytes, the stacks as they are documented, crun
 *
 * A machine that cannot run containers is told, and that is all: with REQUIRE_CONTAINERS=1 it is a failure.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { PROJECT, startStack } from './compose-stack.ts';
import { type Containers, findMissingTool, forgetNetworks, useContainers } from './containers.ts';
import { examineImages } from './examine-images.ts';
import { buildStandIns, findMissingProgram } from './stand-in-images.ts';

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false } } });
const SERVER_URL = 'http://127.0.0.1:18000';
const TRIAL = 'sagewai-trial';
const EDGE_URL = 'http://127.0.0.1:18899';
const hex = (): string => randomBytes(32).toString('hex');

/** Why this machine cannot run containers; null: it can. */
function findObstacle(containers: Containers, folder: string): string | null {
  const tool = findMissingTool([
    'podman',
    'buildah',
    'podman-compose',
    'runc',
    'dpkg-deb',
    'apt-get',
    'curl',
  ]);
  if (tool !== null)
    return `${tool} is not here (apt-get install podman buildah podman-compose runc)`;
  const { stdout } = containers.run('podman-compose', 'version');
  const [, major = '0', minor = '0'] = /podman-compose version:? (\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(major) * 100 + Number(minor) < 101)
    return 'podman-compose is older than 1.1, which knows no --scale beside replicas (pip install podman-compose)';
  const program = findMissingProgram();
  if (program !== null)
    return `${program} is not here (apt-get install postgresql-15 redis-server)`;
  try {
    buildStandIns(containers, join(folder, 'stand-ins'));
    // On a network of its own, as in the stack.
    containers.must('podman', 'network', 'create', TRIAL);
    const words = ['--network', TRIAL, '--publish', '127.0.0.1:18000:6379', '--pull', 'never'];
    const redis = ['--entrypoint', '/usr/bin/redis-cli', 'redis:7-alpine', '--version'];
    containers.must('podman', 'run', '--rm', ...words, ...redis);
    containers.must('podman', 'network', 'rm', TRIAL);
    return null;
  } catch (error) {
    return `a trial container does not run here: ${(error as Error).message.trim().split('\n').at(-1)}`;
  }
}

async function check(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sagewai-containers-'));
  const containers = useContainers(folder, process.env);
  forgetNetworks([TRIAL, `${PROJECT}_default`]);
  let passed = 0;
  let failed = 0;
  const step = async (name: string, work: () => void | Promise<void>): Promise<void> => {
    const startedAt = performance.now();
    try {
      await work();
      passed += 1;
      console.log(`ok   ${name} (${Math.round((performance.now() - startedAt) / 1_000)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}: ${(error as Error).message}`);
    }
  };
  try {
    const obstacle = findObstacle(containers, folder);
    if (obstacle !== null) {
      const isRequired = process.env['REQUIRE_CONTAINERS'] === '1';
      console.log(`${isRequired ? 'FAIL' : 'SKIPPED'} containers: ${obstacle}`);
      return isRequired ? 1 : 0;
    }
    const build = (out: string): string =>
      containers.must(process.execPath, 'tools/build-images.ts', '--newer', '--out', out);
    await step('the images are built', () => void build(folder));
    if (failed === 0) {
      await step('the images are what they promise', () => examineImages(containers, folder));
      await step('the stack runs, five workers enroll, a run completes, all end by SIGTERM', () =>
        runOwnStack(containers),
      );
      if (values.full) await checkFully(containers, { folder, step, build });
    }
    console.log(`${passed} passed, ${failed} failed`);
    return failed > 0 ? 1 : 0;
  } finally {
    containers.run('podman', 'rm', '--all', '--force', '--depend', '--time', '0');
    containers.run('podman', 'network', 'prune', '--force');
    containers.run('podman', 'system', 'reset', '--force');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOwnStack(containers: Containers): Promise<void> {
  const token = `sat-${hex()}`;
  const stack = startStack(containers, {
    files: ['compose.yaml', 'compose.edge.yaml'].map((file) => resolve('deploy/compose', file)),
    environment: {
      POSTGRES_PASSWORD: hex(),
      JWT_SECRET: hex(),
      ENCRYPTION_KEY: hex(),
      ENROLLMENT_KEY: `sk-fleet-${hex()}`,
      SAGEWAI_ADMIN_TOKEN: token,
      SAGEWAI_PORT: '18000',
      SAGE_EDGE_PORT: '18899',
      SAGE_EDGE_LLM_PREFIX: '/llm',
    },
    scale: 'worker=5',
  });
  try {
    await stack.untilAnswers(`${SERVER_URL}/api/v1/health`);
    const page = containers.must('curl', '-fsS', '--header', 'accept: text/html', `${SERVER_URL}/`);
    if (!page.includes('<div id="root">')) throw new Error('the server serves no console');
    await stack.untilWorkers('server', token, 5);
    stack.completeRun('server', token, 'simulated');
    await stack.untilAnswers(`${EDGE_URL}/readyz`);
    const models = containers.must(
      'curl',
      '-sS',
      '--header',
      `authorization: Bearer ${stack.createVirtualKey('server', token)}`,
      `${EDGE_URL}/llm/v1/models`,
    );
    if (!models.includes('simulated')) throw new Error(`the edge answers ${models}`);
    // Workers first: one whose server is gone tells it so for as long as it may.
    stack.stopOrderly('worker', 'edge', 'server');
  } finally {
    stack.down();
  }
}

interface Full {
  readonly folder: string;
  readonly step: (name: string, work: () => void | Promise<void>) => Promise<void>;
  readonly build: (out: string) => string;
}

async function checkFully(containers: Containers, { folder, step, build }: Full): Promise<void> {
  await step('built again they are the same bytes', () => {
    const list = (): string =>
      containers.must(
        'podman',
        'images',
        '--format',
        '{{.Repository}}:{{.Tag}} {{.Digest}}',
        '--filter',
        'reference=sagewai/*',
      );
    const first = list();
    containers.must('podman', 'rmi', '--all', '--force');
    build(folder);
    buildStandIns(containers, join(folder, 'stand-ins'));
    if (list() !== first)
      throw new Error(`another time the digests are others:\n${first}${list()}`);
  });
  await step('they run under crun as well', () => {
    const { status, stderr } = containers.run(
      'podman',
      '--runtime',
      'crun',
      '--cgroup-manager',
      'cgroupfs',
      'run',
      '--rm',
      '--pull',
      'never',
      '--cgroups',
      'disabled',
      '--read-only',
      'sagewai/worker:latest',
      '--help',
    );
    if (status === 0) return;
    if (!/cgroup|crun.*not found|executable file not found/i.test(stderr)) throw new Error(stderr);
    console.log(`     crun does not run here: ${stderr.trim().split('\n').at(-1)}`);
  });
  await step('the documented stack takes our images as it stands', () => runDocumented(containers));
}

/** Server, PostgreSQL and Redis as documented; then a key by hand, and the documented workers with it. */
async function runDocumented(containers: Containers): Promise<void> {
  const files = ['server', 'worker'].map((name) =>
    resolve(`deploy/compose/documented/${name}.yaml`),
  );
  const environment = { POSTGRES_PASSWORD: hex(), JWT_SECRET: hex(), ENCRYPTION_KEY: hex() };
  const stack = startStack(containers, { files: files.slice(0, 1), environment });
  try {
    await stack.untilAnswers('http://127.0.0.1:8000/api/v1/health');
    const token = stack.tokenShown('sagewai-server');
    const key = stack.createKey('sagewai-server', token);
    const whole = startStack(containers, {
      files,
      environment: { ...environment, ENROLLMENT_KEY: key, OPENAI_API_KEY: '' },
      scale: 'worker=2',
    });
    await whole.untilWorkers('sagewai-server', token, 2, 'acme');
  } finally {
    stack.down();
  }
}

process.exitCode = await check();
