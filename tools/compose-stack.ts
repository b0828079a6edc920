import type { Containers } from './containers.ts';

/** Of all stacks: one at a time. Its network is `PROJECT_default`. */
export const PROJECT = 'sagewai-check';
const WAIT_MS_MAX = 120_000;
const LAYERS_MAX = 6;

interface StackOptions {
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `worker=5`. */
  readonly scale?: string;
}

export interface Stack {
  /** Until that address answers well. */
  untilAnswers(url: string): Promise<void>;
  /** Until so many are online, as the server says. */
  untilWorkers(server: string, token: string, count: number, org?: string): Promise<void>;
  completeRun(server: string, token: string, model: string): void;
  /** The administrator's token that a first start has shown. */
  tokenShown(server: string): string;
  createKey(server: string, token: string): string;
  createVirtualKey(server: string, token: string): string;
  /** Each ends by itself, with 0, after a SIGTERM as the first process of its container. */
  stopOrderly(...services: string[]): void;
  down(): void;
}

/** A stack under podman-compose, in a project of its own. Throws when it does not come up. */
export function startStack(
  containers: Containers,
  { files, environment, scale }: StackOptions,
): Stack {
  // By the environment: not every one of them takes a file.
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const words = [
    'podman-compose',
    '--project-name',
    PROJECT,
    ...files.flatMap((file) => ['--file', file]),
  ];
  containers.must(
    'env',
    ...given,
    ...words,
    'up',
    '--detach',
    '--no-build',
    ...(scale === undefined ? [] : ['--scale', scale]),
  );

  const containersOf = (service: string): string[] =>
    containers
      .must(
        'podman',
        'ps',
        '--all',
        '--format',
        '{{.Names}}',
        '--filter',
        `label=com.docker.compose.project=${PROJECT}`,
        '--filter',
        `label=com.docker.compose.service=${service}`,
      )
      .split('\n')
      .filter(Boolean);
  const first = (service: string): string => {
    const [name] = containersOf(service);
    if (name === undefined) throw new Error(`there is no container of ${service}`);
    return name;
  };
  const logs = (service: string): string => {
    const { stdout, stderr } = containers.run('podman', 'logs', first(service));
    return stdout + stderr;
  };
  const logsOfAll = (): string => {
    const { stdout, stderr } = containers.run('env', ...given, ...words, 'logs');
    return stdout + stderr;
  };
  const cli = (server: string, token: string, ...words: string[]): string =>
    containers.must(
      'podman',
      'exec',
      '--env',
      `SAGEWAI_TOKEN=${token}`,
      first(server),
      'sagewai',
      ...words,
    );
  const until = async (what: string, isSo: () => boolean, tell: () => string): Promise<void> => {
    const endsAt = performance.now() + WAIT_MS_MAX;
    while (!isSo()) {
      if (performance.now() > endsAt)
        throw new Error(`not ${what} in time:\n${tell().slice(-3_000)}`);
      await new Promise((done) => setTimeout(done, 500));
    }
  };

  return {
    untilAnswers: (url) =>
      until(
        'answering',
        () => containers.run('curl', '-fsS', url).status === 0,
        () => containers.run('podman', 'ps', '--all').stdout + logsOfAll(),
      ),
    untilWorkers: async (server, token, count, org = 'default') => {
      const online = (): number => {
        const { status, stdout } = containers.run(
          'podman',
          'exec',
          '--env',
          `SAGEWAI_TOKEN=${token}`,
          first(server),
          'sagewai',
          'fleet',
          'list-workers',
          '--org',
          org,
          '--json',
        );
        if (status !== 0) return 0;
        return (stdout.match(/"status":\s*"(?:online|approved|active|idle)"/g) ?? []).length;
      };
      await until(
        `${count} workers`,
        () => online() >= count,
        () => logs('worker') + logs(server),
      );
    },
    completeRun: (server, token, model) => {
      const said = cli(
        server,
        token,
        'runs',
        'submit',
        '--agent',
        'echo',
        '--model',
        model,
        '--message',
        'hello',
        '--wait',
        '--json',
      );
      if (!/"(?:state|status)":\s*"completed"/.test(said))
        throw new Error(`the run did not complete: ${said}`);
    },
    tokenShown: (server) => {
      const token = /\bsat-[\w-]{20,}/.exec(logs(server))?.[0];
      if (token === undefined) throw new Error(`no token was shown:\n${logs(server)}`);
      return token;
    },
    createKey: (server, token) => {
      const said = cli(
        server,
        token,
        'fleet',
        'create-key',
        '--org',
        'acme',
        '--name',
        'gpu-onboarding',
        '--max-uses',
        '10',
        '--expires',
        '7d',
        '--allowed-pools',
        'gpu',
        '--allowed-models',
        'gpt-4o,llama3-70b,llama3.1-70b',
        '--json',
      );
      const key = /sk-fleet-[\w-]+/.exec(said)?.[0];
      if (key === undefined) throw new Error(`no key was made: ${said}`);
      return key;
    },
    createVirtualKey: (server, token) => {
      const said = cli(server, token, 'key', 'create', '--name', 'edge', '--json');
      const key = /"key":\s*"(sk-[\w-]+)"/.exec(said)?.[1];
      if (key === undefined) throw new Error(`no key was made: ${said}`);
      return key;
    },
    stopOrderly: (...services) => {
      for (const name of services.flatMap(containersOf)) {
        const startedAt = performance.now();
        containers.must('podman', 'stop', '--time', '25', name);
        const code = containers
          .must('podman', 'inspect', '--format', '{{.State.ExitCode}}', name)
          .trim();
        if (code !== '0' || performance.now() - startedAt > 24_000)
          throw new Error(
            `${name} ended with ${code}:\n${containers.run('podman', 'logs', name).stderr.slice(-2_000)}`,
          );
      }
    },
    down: () => {
      containers.run('env', ...given, ...words, 'down', '--volumes');
      // One that another depends on stays, also with `--depend`, as long as that one is there: layer by layer.
      const remove = ['rm', '--all', '--force', '--depend', '--time', '0'];
      let layers = LAYERS_MAX;
      while (layers > 0 && containers.run('podman', ...remove).status !== 0) layers -= 1;
      // What a stack leaves in its volumes would be found by the next, whose password is another.
      containers.run('podman', 'volume', 'rm', '--all', '--force');
    },
  };
}
