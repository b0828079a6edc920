import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Options } from './options.ts';

const PNPM = 'pnpm@12.21.0';
const INSTALL_MS_MAX = 90_000;
/** Of a cold store; a peer that is there takes two seconds. */
const INSTALL_MS_MAX_QUICK = 60_000;

export type PeerName = 'portkey' | 'graphile-worker' | 'bullmq';

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
  try {
    await promisify(execFile)('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], {
      cwd: folder,
      env,
      timeout,
    });
    return { kind: 'installed', folder };
  } catch (cause) {
    const why = isLate(cause) ? `it took longer than ${timeout / 1_000} s` : lastLineOf(cause);
    return { kind: 'missing', reason: `${name} could not be installed: ${why}` };
  }
}

/** Ended by the timeout: what it said last says nothing. */
const isLate = (cause: unknown): boolean => (cause as { killed?: boolean }).killed === true;

function lastLineOf(cause: unknown): string {
  const { stderr, stdout, message } = cause as {
    stderr?: string;
    stdout?: string;
    message: string;
  };
  const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim();
  return (said === '' ? message : said).split('\n').at(-1) ?? message;
}
