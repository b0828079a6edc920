import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { ConfigError } from '@sagewai/config';
import { type GatewayConfig, type Notice, readGatewayConfig } from '@sagewai/gateway';

import type { ServerConfig } from './config.ts';

export interface Models {
  readonly config: GatewayConfig;
  /** What the models file says and is not done, and where. */
  readonly notices: readonly Notice[];
}

const NAMED = 'SAGEWAI_CONFIG (--config):';

type Environment = Readonly<Record<string, string | undefined>>;

/** The models of the settings and of the models file, if one is named. Throws `ConfigError`. */
export async function readModels(config: ServerConfig, env: Environment): Promise<Models> {
  const path = config.sagewaiConfig;
  const file = path === null ? null : { text: await readText(resolve(path)), env };
  const read = readGatewayConfig(config, file, new Date());
  if (read.kind === 'refused') {
    throw new ConfigError(read.mistakes.map((mistake) => `${NAMED} ${path}: ${mistake}`));
  }
  return { config: read.config, notices: read.notices };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new ConfigError([`${NAMED} ${path}: ${why}`]);
  }
}
