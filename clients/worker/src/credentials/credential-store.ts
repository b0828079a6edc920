import { open } from 'node:fs/promises';

import type { WorkerCredentials } from '@sagewai/sdk';

import type { WorkerLog } from '../log.ts';
import { readCredentials } from './read-credentials.ts';
import { createRedactor, type Redact } from './redact.ts';

/** The credentials file cannot be used as it is; the message is for the operator. */
export class CredentialsFileError extends Error {
  override readonly name = 'CredentialsFileError';
}

/** The worker's credentials as they are now, and what may never be said of them. */
export interface CredentialStore {
  /** Looks at the file again. The first look throws what is wrong with it; a later one keeps what it has. */
  take(): Promise<WorkerCredentials>;
  /** Knows every secret that was ever taken: a run that began before a change still uses the older ones. */
  readonly redact: Redact;
}

interface CredentialStoreOptions {
  /** Empty: there is no file. */
  readonly path: string;
  /** By a program of its own, in place of a file. */
  readonly given: WorkerCredentials | null;
  /** Secrets of the environment, to be redacted like the file's. */
  readonly secrets: readonly string[];
  readonly log: WorkerLog;
}

/** Readable by its owner alone. */
const FORBIDDEN_MODE = 0o077;

export function createCredentialStore(options: CredentialStoreOptions): CredentialStore {
  const { path, given, log } = options;
  const secrets = new Set([...options.secrets, ...secretsOf(given ?? {})]);
  let redact = createRedactor(secrets);
  let taken: WorkerCredentials | null = null;
  let seen = '';

  async function look(): Promise<WorkerCredentials> {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      throw new CredentialsFileError(`${path} cannot be read (${error.code ?? error.message})`);
    });
    try {
      // Of the open file: what is checked is what is read.
      const { mode, mtimeMs, ctimeMs, ino, size } = await file.stat();
      const version = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      if (version === seen && taken !== null) return taken;
      seen = version;
      if ((mode & FORBIDDEN_MODE) !== 0) {
        const octal = (mode & 0o777).toString(8).padStart(4, '0');
        throw new CredentialsFileError(
          `${path} has mode ${octal}, and others may read it: chmod 600 ${path}`,
        );
      }
      const read = readCredentials(await file.readFile('utf8'));
      if (read.kind === 'wrong') throw new CredentialsFileError(`${path}: ${read.why}`);
      for (const secret of secretsOf(read.credentials)) secrets.add(secret);
      redact = createRedactor(secrets);
      if (taken !== null) log.note(`${path} has changed: runs from now on use the new credentials`);
      taken = read.credentials;
      return taken;
    } finally {
      await file.close();
    }
  }

  let told = '';
  return {
    redact: (text) => redact(text),
    take: async () => {
      if (given !== null) return given;
      if (path === '') return {};
      try {
        const credentials = await look();
        told = '';
        return credentials;
      } catch (error) {
        if (taken === null || !(error instanceof CredentialsFileError)) throw error;
        if (told !== error.message) log.warn(`${error.message}; the credentials of before go on`);
        told = error.message;
        return taken;
      }
    },
  };
}

function secretsOf({ inference_overrides: inference, env_overrides: env }: WorkerCredentials) {
  return [inference?.api_key ?? '', ...Object.values(env ?? {})];
}
