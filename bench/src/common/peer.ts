import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Options } from './options.ts';

const PNPM = 'pnpm@12.21.0';
const INSTALL_MS_MAX = 240_000;
/** Of a cold store; a peer that is there takes two seconds. */
const INSTALL_MS_MAX_QUICK = 60_000;

type Command = readonly [program: string, ...args: string[]];

const WITH_PNPM: readonly Command[] = [['npx', '-y', PNPM, 'install', '--frozen-lockfile']];
/** Into a folder of its own, which Python makes; what is there already is not looked at again. */
const WITH_PIP: readonly Command[] = [
  ['python3', '-m', 'venv', '.venv'],
  ['.venv/bin/pip', 'install', '--quiet', '--no-deps', '--requirement', 'requirements.txt'],
];

const INSTALLS = {
  portkey: { commands: WITH_PNPM, isThere: null },
  'graphile-worker': { commands: WITH_PNPM, isThere: null },
  bullmq: { commands: WITH_PNPM, isThere: null },
  litellm: { commands: WITH_PIP, isThere: '.venv/bin/litellm' },
} as const satisfies Record<string, { commands: readonly Command[]; isThere: string | null }>;

export type PeerName = keyof typeof INSTALLS;

/** A peer that cannot be had is said, and the rest is measured without it. */
export type Peer =
  | { readonly kind: 'installed'; readonly folder: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function peerFolder(name: PeerName | 'bare'): string {
  return fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
}

/** Installs what the peer's own lockfile says into its own folder; instant when it is there. */
export async function installPeer(
  name: PeerName,
  { quick }: Options,
  env: NodeJS.ProcessEnv,
): Promise<Peer> {
  const folder = peerFolder(name);
  const timeout = quick ? INSTALL_MS_MAX_QUICK : INSTALL_MS_MAX;
  const { commands, isThere } = INSTALLS[name];
  if (isThere !== null && existsSync(join(folder, isThere))) return { kind: 'installed', folder };
  const signal = AbortSignal.timeout(timeout);
  try {
    // Each needs what the one before it has made.
    for (const [program, ...args] of commands) {
      await promisify(execFile)(program, args, { cwd: folder, env, signal });
    }
    return { kind: 'installed', folder };
  } catch (cause) {
    const why = isLate(cause) ? `it took longer than ${timeout / 1_000} s` : lastLineOf(cause);
    return { kind: 'missing', reason: `${name} could not be installed: ${why}` };
  }
}

/** Ended by the timeout: what it said last says nothing. */
const isLate = (cause: unknown): boolean => (cause as Error).name === 'AbortError';

function lastLineOf(cause: unknown): string {
  const { stderr, stdout, message } = cause as {
    stderr?: string;
    stdout?: string;
    message: string;
  };
  const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim();
  return (said === '' ? message : said).split('\n').at(-1) ?? message;
}
