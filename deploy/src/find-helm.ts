import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { DEPLOY } from './rendered.ts';

const RELEASE = 'v3.22.0';
const CACHE = join(DEPLOY, 'node_modules/.cache/bin');

export const runs = (command: string, ...words: string[]): boolean =>
  spawnSync(command, words, { stdio: 'ignore' }).status === 0;

/** Helm's path: one that is installed, or one built from its Go module, which takes minutes. Null: neither can be had. */
export function findHelm(environment: Readonly<Record<string, string | undefined>>): string | null {
  const given = environment['HELM'] ?? '';
  if (given !== '') return given;
  if (runs('helm', 'version')) return 'helm';
  const built = join(CACHE, 'helm');
  if (existsSync(built)) return built;
  if (!runs('go', 'version')) return null;
  console.log(`building helm ${RELEASE} from its Go module`);
  mkdirSync(CACHE, { recursive: true });
  const { status } = spawnSync('go', ['install', `helm.sh/helm/v3/cmd/helm@${RELEASE}`], {
    env: { ...environment, GOBIN: CACHE },
    stdio: 'inherit',
  });
  return status === 0 ? built : null;
}
