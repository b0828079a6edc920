import type { Container } from './command-profile.ts';

/** A folder of this machine, as the container sees it. */
export interface Mount {
  readonly from: string;
  readonly to: string;
}

/** The same command within a container that is removed with it, and may as little as it can be let. */
export function inContainer(
  { image, runtime, network, memory, cpus }: Container,
  of: {
    readonly name: string;
    readonly command: readonly string[];
    readonly env: readonly string[];
    /** Within the container. */
    readonly cwd: string | null;
    readonly mounts: readonly Mount[];
  },
): readonly string[] {
  return [
    runtime,
    'run',
    '--rm',
    '--interactive',
    '--name',
    of.name,
    '--network',
    network,
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
    '--read-only',
    '--tmpfs',
    '/tmp',
    '--pids-limit',
    '512',
    ...(memory === null ? [] : ['--memory', memory]),
    ...(cpus === null ? [] : ['--cpus', cpus]),
    ...of.mounts.flatMap(({ from, to }) => ['--volume', `${from}:${to}`]),
    ...(of.cwd === null ? [] : ['--workdir', of.cwd]),
    // By name alone: values would stand in the list of processes.
    ...of.env.flatMap((name) => ['--env', name]),
    image,
    ...of.command,
  ];
}
