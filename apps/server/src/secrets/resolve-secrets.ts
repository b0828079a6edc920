import { readFile } from 'node:fs/promises';

import { ConfigError, Secret } from '@sagewai/config';
import { createEgress } from '@sagewai/egress';
import { amzDate, signRequest } from '@sagewai/gateway';

import { askManager, googleUrl, textAt } from './ask-manager.ts';
import type { ReadGoogle } from './google.ts';
import { parseReference, pickField, type Reference } from './reference.ts';
import { createVault, type ReadVault } from './vault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolvedSecrets {
  /** The environment with values in place of references; changes as they do. */
  readonly environment: Environment;
  /** Reads them again when they are older than their lifetime; answers whether one has changed. */
  readonly refresh: (by: Refresh) => Promise<boolean>;
}

export interface Refresh {
  readonly lifetimeMs: number;
  /** What cannot be read again: its last value stays. */
  readonly onStale: (variable: string, error: unknown) => void;
}

export type Read = (reference: Reference) => Promise<string>;

/** Reads every variable that is a reference. Throws a `ConfigError` that names each which cannot be read. */
export async function resolveSecrets(
  given: Environment,
  {
    settings = [],
    now = Date.now,
  }: { readonly settings?: readonly string[]; readonly now?: () => number } = {},
): Promise<ResolvedSecrets> {
  const environment: Record<string, string | undefined> = { ...given };
  const found: (readonly [name: string, reference: Reference])[] = [];
  const mistakes: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    try {
      const reference = value === undefined ? null : parseReference(value);
      if (reference !== null) found.push([name, reference]);
    } catch (error) {
      mistakes.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (found.length === 0 && mistakes.length === 0) {
    return { environment: given, refresh: () => Promise.resolve(false) };
  }
  const read = createReader(given);
  await Promise.all(
    found.map(async ([name, reference]) => {
      try {
        environment[name] = await read(reference);
      } catch (error) {
        // A variable of another program may look like it. Whoever names this one is told that it is not set.
        const mayBeOthers = reference.kind === 'env' || reference.kind === 'file';
        if (mayBeOthers && !settings.includes(name)) environment[name] = undefined;
        else
          mistakes.push(`${name} (${reference.kind}) cannot be read: ${(error as Error).message}`);
      }
    }),
  );
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  let readAt = now();
  return {
    environment,
    refresh: async ({ lifetimeMs, onStale }) => {
      if (now() - readAt < lifetimeMs) return false;
      readAt = now();
      let hasChanged = false;
      for (const [name, reference] of found) {
        if (environment[name] === undefined) continue;
        try {
          const value = await read(reference);
          hasChanged ||= environment[name] !== value;
          environment[name] = value;
        } catch (error) {
          onStale(name, error);
        }
      }
      return hasChanged;
    },
  };
}

/** Only the managers that the environment names are called. */
export function createReader(given: Environment): Read {
  const region = given['AWS_REGION'] ?? given['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const awsUrl =
    given['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? `https://secretsmanager.${region}.amazonaws.com`;
  const vaultUrl = given['VAULT_ADDR'];
  const egress = createEgress({
    allowed: [awsUrl, googleUrl(given), ...(vaultUrl === undefined ? [] : [vaultUrl])],
  });
  let vault: ReadVault | null = null;
  let google: ReadGoogle | null = null;
  return async (reference) => {
    switch (reference.kind) {
      case 'env':
        return need(given, reference.name);
      case 'file':
        return (await readFile(reference.path, 'utf8')).replace(/\r?\n$/, '');
      case 'vault':
        vault ??= createVault(vaultAccess(given), egress);
        return vault(reference.path, reference.field);
      case 'gcp-sm': {
        const { createGoogle } = await import('./google.ts');
        google ??= createGoogle(given, egress);
        return pickField(await google(reference.path), reference.field);
      }
      case 'aws-sm': {
        const request = signedRequest(given, { url: awsUrl, region, id: reference.id });
        const text = textAt(await askManager(egress, request), 'SecretString');
        if (text === undefined) throw new Error('it is no text');
        return pickField(text, reference.field);
      }
    }
  };
}

function need(given: Environment, name: string): string {
  const value = given[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is not set`);
}

function vaultAccess(given: Environment): Parameters<typeof createVault>[0] {
  const url = need(given, 'VAULT_ADDR');
  const namespace = given['VAULT_NAMESPACE'] ?? null;
  const token = given['VAULT_TOKEN'];
  if (token !== undefined && token !== '')
    return { url, namespace, login: { kind: 'token', token } };
  const roleId = need(given, 'VAULT_ROLE_ID');
  return {
    url,
    namespace,
    login: { kind: 'approle', roleId, secretId: need(given, 'VAULT_SECRET_ID') },
  };
}

function signedRequest(
  given: Environment,
  { url, region, id }: { readonly url: string; readonly region: string; readonly id: string },
) {
  const at = new Date();
  const session = given['AWS_SESSION_TOKEN'];
  const body = JSON.stringify({ SecretId: id });
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    host: new URL(url).host,
    'x-amz-date': amzDate(at),
    'x-amz-target': 'secretsmanager.GetSecretValue',
    ...(session === undefined ? {} : { 'x-amz-security-token': session }),
  };
  const authorization = signRequest(
    { method: 'POST', path: '/', headers, body: Buffer.from(body) },
    {
      keys: {
        accessKeyId: need(given, 'AWS_ACCESS_KEY_ID'),
        secretAccessKey: new Secret(need(given, 'AWS_SECRET_ACCESS_KEY')),
        sessionToken: undefined,
      },
      region,
      service: 'secretsmanager',
      at,
    },
  );
  return { method: 'POST', url: `${url}/`, headers: { ...headers, authorization }, body } as const;
}
