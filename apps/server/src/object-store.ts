import { homedir } from 'node:os';
import { join } from 'node:path';

import { ConfigError, expandHome } from '@sagewai/config';
import { findStoreMistake, type ObjectStore, openObjectStore } from '@sagewai/objects';

import type { ServerConfig } from './config.ts';

/** Where large contents stand. Throws a `ConfigError`. */
export function configuredStore(config: ServerConfig): ObjectStore {
  const settings = {
    url: config.objectStoreUrl,
    endpoint: config.objectStoreEndpoint,
    region: config.objectStoreRegion,
    pathStyle: config.objectStorePathStyle,
    keyId: config.awsAccessKeyId,
    secret: config.awsSecretAccessKey?.reveal() ?? null,
    sessionToken: config.awsSessionToken?.reveal() ?? null,
  };
  const mistake = findStoreMistake(settings);
  if (mistake !== null) throw new ConfigError([mistake]);
  const folder = join(expandHome(config.sagewaiHome, homedir()), 'objects');
  return openObjectStore({ ...settings, folder });
}

/** Room for the rest of a body, and for an output that its worker has encrypted: in base64, a third more. */
export const payloadBytesMax = ({ payloadBytesMax: wanted, bodyBytesMax }: ServerConfig): number =>
  Math.min(wanted, Math.max(1_024, Math.floor((bodyBytesMax - 65_536) * 0.75)));
