/** The container tools of this machine, kept apart from what its user has: storage, networks and settings of their own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Containers {
  /** Runs a command and returns its end, whatever it is. */
  run(command: string, ...args: string[]): Ran;
  /** The same; throws with what it has written unless it ends well. */
  must(command: string, ...args: string[]): string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Names the tool that is missing here; null: none is. */
export function findMissingTool(names: readonly string[]): string | null {
  return names.find((name) => spawnSync('which', [name]).status !== 0) ?? null;
}

/** The one thing that networks of all storages share on a machine. */
const NAMES_OF_NETWORKS = '/run/containers/networks/aardvark-dns';

/**
 * What a killed run has left of these networks, which are ours alone. Names of containers would be taken for those of the next
 * network that is called the same, and ports that were published would lead to addresses where nobody is.
 */
export function forgetNetworks(networks: readonly string[]): void {
  for (const network of networks) {
    rmSync(join(NAMES_OF_NETWORKS, network), { force: true });
    const { stdout } = iptables('-S', 'NETAVARK-HOSTPORT-DNAT');
    for (const rule of (stdout ?? '').split('\n')) {
      if (!rule.includes(`"dnat name: ${network} id: `)) continue;
      const [, port = '', chain = ''] = /--dport (\d+) .* -j (\S+)$/.exec(rule) ?? [];
      const [comment = ''] = /dnat name: \S+ id: \w+/.exec(rule) ?? [];
      const match = ['-p', 'tcp', '-m', 'tcp', '--dport', port, '-m', 'comment'];
      iptables('-D', 'NETAVARK-HOSTPORT-DNAT', ...match, '--comment', comment, '-j', chain);
      iptables('-F', chain);
    }
  }
}

const iptables = (...words: string[]): { stdout: string | null } =>
  spawnSync('iptables', ['-t', 'nat', ...words], { encoding: 'utf8' });

/** `folder` takes everything that is built or run. */
export function useContainers(folder: string, environment: NodeJS.ProcessEnv): Containers {
  const settings = join(folder, 'settings');
  mkdirSync(settings, { recursive: true });
  const write = (name: string, lines: readonly string[]): string => {
    const file = join(settings, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  };
  const own = {
    CONTAINERS_CONF: write('containers.conf', [
      '[containers]',
      // More may not be given away than this machine was given.
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      'log_driver = "k8s-file"',
      '[engine]',
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      '[network]',
      `network_config_dir = "${join(folder, 'networks')}"`,
    ]),
    CONTAINERS_STORAGE_CONF: write('storage.conf', [
      '[storage]',
      'driver = "overlay"',
      `graphroot = "${join(folder, 'storage')}"`,
      `runroot = "${join(folder, 'run')}"`,
    ]),
    CONTAINERS_REGISTRIES_CONF: write('registries.conf', [
      // Nothing is fetched: a short name is the one that was made here.
      'unqualified-search-registries = ["docker.io"]',
      'short-name-mode = "disabled"',
    ]),
  };
  const run = (command: string, ...args: string[]): Ran => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      env: { ...environment, ...own },
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status: status ?? 1, stdout, stderr: error ? String(error) : stderr };
  };
  return {
    run,
    environment: { ...environment, ...own },
    must: (command, ...args) => {
      const { status, stdout, stderr } = run(command, ...args);
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
      return stdout;
    },
  };
}
