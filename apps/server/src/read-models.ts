import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { ConfigError } from '@sagewai/config';
import { type GatewayConfig, type Notice, readGatewayConfig } from '@sagewai/gateway';
import type { Log } from '@sagewai/log';

import type { ServerConfig } from './config.ts';

export interface Models {
  readonly config: GatewayConfig;
  /** What the models file says and is not done, and where. */
  readonly notices: readonly Notice[];
  /** The file itself; null when none is named. */
  readonly text: string | null;
}

const NAMED = 'SAGEWAI_CONFIG (--config):';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The models of the settings and of the models file, if one is named. Throws `ConfigError`. */
export async function readModels(config: ServerConfig, env: Environment): Promise<Models> {
  const text = await readModelsFile(config);
  const file = text === null ? null : { text, env, readFile: readNamed };
  const read = readGatewayConfig(config, file, new Date());
  if (read.kind === 'refused') {
    const path = config.sagewaiConfig;
    throw new ConfigError(read.mistakes.map((mistake) => `${NAMED} ${path}: ${mistake}`));
  }
  return { config: read.config, notices: read.notices, text };
}

/** A file that the models file names; what cannot be read is told by whoever needs it. */
function readNamed(path: string): string | undefined {
  try {
    return readFileSync(resolve(path), 'utf8');
  } catch {
    return undefined;
  }
}

/** Null when none is named. Throws `ConfigError`. */
export async function readModelsFile({
  sagewaiConfig: path,
}: Pick<ServerConfig, 'sagewaiConfig'>): Promise<string | null> {
  if (path === null) return null;
  try {
    return await readFile(resolve(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new ConfigError([`${NAMED} ${path}: ${why}`]);
  }
}

export function tellNotices(notices: readonly Notice[], log: Log): void {
  for (const { line, path, what } of notices) {
    log.warn('the models file says something that is not done', { line, path, what });
  }
}
