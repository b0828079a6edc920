import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { COMMAND_DEFAULTS, type CommandProfile } from './command-profile.ts';
import { type CommandCall, type CommandEnd, runCommand } from './run-command.ts';

const node = (program: string): readonly string[] => [process.execPath, '-e', program];

function run(
  command: readonly string[],
  { profile = {}, ...call }: { profile?: Partial<CommandProfile> } & Partial<CommandCall> = {},
): Promise<CommandEnd> {
  return runCommand(
    { ...COMMAND_DEFAULTS, command, env: [], cwd: null, container: null, ...profile },
    {
      input: null,
      environment: { PATH: process.env['PATH'] },
      told: {},
      name: 'sagewai-run',
      signal: new AbortController().signal,
      ...call,
    },
  );
}

/** The process has ended; where nobody asks for its end, its number stays. */
async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat !== null) return /\) Z /.test(stat);
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('reads JSON, sees the variables that it may see, and nothing else', async () => {
  const end = await run(
    node('process.stdin.pipe(process.stdout); process.stderr.write(JSON.stringify(process.env))'),
    {
      input: { text: 'ä "quoted"' },
      environment: { PATH: '/bin', ALLOWED: 'yes', SECRET: 'no' },
      told: { SAGEWAI_RUN_ID: 'r' },
      profile: { env: ['ALLOWED', 'UNSET'] },
    },
  );
  expect(end).toMatchObject({ kind: 'exited', code: 0, output: '{"text":"ä \\"quoted\\""}' });
  const seen = JSON.parse(end.kind === 'exited' ? end.said : '{}') as object;
  expect(seen).toEqual({ PATH: '/bin', ALLOWED: 'yes', SAGEWAI_RUN_ID: 'r' });
});

test('what does not read, fails, or is not there, is told', async () => {
  const big = { input: 'x'.repeat(1_000_000) };
  expect(await run(node('process.exit(3)'), big)).toMatchObject({ kind: 'exited', code: 3 });
  expect(await run(['/nowhere/program'])).toEqual({
    kind: 'unstarted',
    reason: '/nowhere/program cannot be started (ENOENT)',
  });
  expect(await run(node('process.kill(process.pid, "SIGKILL")'))).toMatchObject({ code: -1 });
});

test('no shell reads what it is given', async () => {
  const end = await run([...node('console.log(process.argv[1])'), '$(id); `id`']);
  expect(end).toMatchObject({ output: '$(id); `id`\n' });
});

test('starts in an empty folder of its own, which is gone after it', async () => {
  const program = 'console.log(process.cwd(), require("fs").readdirSync(".").length)';
  const end = await run(node(program));
  const [folder = '', files] = end.kind === 'exited' ? end.output.trim().split(' ') : [];
  expect(files).toBe('0');
  await expect(readFile(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

/** Starts another process that would go on, says its number, and goes on itself unless told otherwise. */
const withChild = (then: string): string => `
  const { pid } = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    stdio: 'inherit',
  });
  process.stderr.write(String(pid), () => { ${then} });
`;
const forever = 'setInterval(() => {}, 1000)';

test.each([
  ['takes too long', 'timeout', { timeoutMs: 700 }, withChild(forever)],
  [
    'says too much',
    'output',
    { outputBytesMax: 9 },
    withChild(`console.log('0123456789'); ${forever}`),
  ],
])('one that %s ends, with all that it has started', async (_what, by, profile, program) => {
  const end = await run(node(program), { profile });
  expect(end).toMatchObject({ kind: 'stopped', by });
  const pid = Number((end as { said: string }).said);
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isGone(pid)).toBe(true);
});

test('what it leaves behind ends with it, and holds up nothing', async () => {
  const end = await run(node(withChild('process.exit(0)')));
  expect(end).toMatchObject({ kind: 'exited', code: 0 });
  await expect.poll(() => isGone(Number((end as { said: string }).said))).toBe(true);
});

test('what has left its process group holds up nothing', async () => {
  const program = `
    const { spawn } = require('child_process');
    const away = spawn(process.execPath, ['-e', '${forever}'], { detached: true, stdio: 'inherit' });
    process.stderr.write(String(away.pid), () => process.exit(0));
  `;
  const end = await run(node(program));
  const pid = Number((end as { said: string }).said);
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
  expect(end).toMatchObject({ kind: 'exited', code: 0 });
  expect(await isGone(pid)).toBe(false);
}, 20_000);

test('a run that is cancelled ends it, even where it does not listen', async () => {
  const cancel = new AbortController();
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-exec-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const begun = join(folder, 'begun');
  const ended = run(
    node(
      `process.on('SIGTERM', () => {}); require('fs').writeFileSync('${begun}', ''); ${forever}`,
    ),
    {
      signal: cancel.signal,
    },
  );
  await expect
    .poll(
      () =>
        readFile(begun).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  cancel.abort();
  expect(await ended).toMatchObject({ kind: 'stopped', by: 'signal' });
}, 20_000);

/** Stands for a runtime: there is none in tests. */
async function fakeRuntime(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-exec-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const runtime = join(folder, 'docker');
  await writeFile(runtime, `#!/bin/sh\n${script}\n`);
  await chmod(runtime, 0o755);
  return { image: 'python:3.13', runtime, network: 'none', memory: '1g', cpus: null };
}

test('within a container the runtime is given names of variables, and no values', async () => {
  const container = await fakeRuntime('printf "%s\\n" "$@"');
  const start = async (): Promise<string[]> => {
    const end = await run(['classify', '--fast'], {
      environment: { PATH: process.env['PATH'], TOKEN: 'secret' },
      // Of the container; this machine need not have it.
      profile: { env: ['TOKEN'], cwd: '/srv/model', container },
    });
    return end.kind === 'exited' ? end.output.trim().split('\n') : [];
  };
  const args = await start();
  const name = args[4] ?? '';
  expect(args.join(' ')).toBe(
    `run --rm --interactive --name ${name} --network none --cap-drop ALL --security-opt no-new-privileges ` +
      '--read-only --tmpfs /tmp --pids-limit 512 --memory 1g --workdir /srv/model --env TOKEN python:3.13 classify --fast',
  );
  // One that a killed worker has left does not stand in the way of the next.
  expect(name).toMatch(/^sagewai-run-[\da-f]{8}$/);
  expect((await start())[4]).not.toBe(name);
});

test('a runtime that fails itself has started nothing', async () => {
  const container = await fakeRuntime('echo no daemon >&2; exit 125');
  expect(await run(['classify'], { profile: { container } })).toEqual({
    kind: 'unstarted',
    reason: `${container.runtime} started no container: no daemon`,
  });
  expect(await run(node('process.exit(125)'))).toMatchObject({ kind: 'exited', code: 125 });
});
