import type { StoredReferences } from '@sagewai/gateway';
import type { Log } from '@sagewai/log';

import { parseReference, type Reference } from './reference.ts';
import { createReader, type Read } from './resolve-secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Known {
  /** Null: it could not be read yet. */
  readonly value: string | null;
  readonly readMs: number;
}

const KNOWN_MAX = 1_000;
/** One that could not be read is tried again by then. */
const RETRY_MS = 30_000;

/**
 * References in what is stored through the API. Only those of managers, and only those that the operator has
 * allowed by how they begin: whoever stores one has it sent to a provider, and must not reach the secrets of others.
 * A value is kept for its lifetime; while its manager is away the last one stays, and the log says so.
 */
export function createStoredReferences(
  given: Environment,
  of: {
    /** `{organization}` and `{project}` stand for the ids of whose credential it is. */
    readonly prefixes: readonly string[];
    readonly lifetimeMs: number;
    readonly log: Log;
    readonly monotonicMs?: () => number;
  },
): StoredReferences {
  const { prefixes, lifetimeMs, log, monotonicMs = () => performance.now() } = of;
  const known = new Map<string, Known>();
  const told = new WeakSet<Known>();
  let reader: Read | null = null;
  const isOld = ({ value, readMs }: Known): boolean =>
    monotonicMs() - readMs >= (value === null ? Math.min(RETRY_MS, lifetimeMs) : lifetimeMs);

  async function read(text: string): Promise<string> {
    const reference = ofManager(text);
    if (reference === null) throw new Error('it is no reference of a manager');
    reader ??= createReader(given);
    return reader(reference);
  }

  function keep(text: string, value: string | null): void {
    known.delete(text);
    known.set(text, { value, readMs: monotonicMs() });
    const [oldest] = known.keys();
    if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  }

  return {
    judge: (text, owner) => {
      let reference: Reference | null;
      try {
        reference = ofManager(text);
      } catch {
        return 'refused';
      }
      if (reference === null) return 'value';
      const isAllowed = prefixes.some((prefix) => {
        const own = owner
          ? prefix
              .replaceAll('{organization}', owner.orgId)
              .replaceAll('{project}', owner.projectId)
          : prefix;
        return !own.includes('{') && text.startsWith(own);
      });
      return isAllowed ? 'allowed' : 'refused';
    },
    resolve: async (text) => {
      const before = known.get(text);
      if (before?.value != null && !isOld(before)) return before.value;
      try {
        const value = await read(text);
        keep(text, value);
        return value;
      } catch (error) {
        keep(text, before?.value ?? null);
        if (before?.value == null) throw error;
        log.error('a stored reference cannot be read again; its last value stays', { error });
        return before.value;
      }
    },
    isDue: () => {
      const old = [...known].filter(([, one]) => isOld(one));
      // What was told to be old before, and was not read since, is used by nobody any more.
      for (const [text, one] of old) if (told.has(one)) known.delete(text);
      const due = old.filter(([, one]) => !told.has(one));
      for (const [, one] of due) told.add(one);
      return due.length > 0;
    },
  };
}

/** As the settings of a server say. */
export const storedReferences = (
  config: { readonly storedSecretPrefixes: readonly string[]; readonly secretsLifetimeMs: number },
  of: { readonly modelsFile?: { readonly env: Environment } | undefined; readonly log: Log },
): StoredReferences =>
  createStoredReferences(of.modelsFile?.env ?? {}, {
    prefixes: config.storedSecretPrefixes,
    lifetimeMs: config.secretsLifetimeMs,
    log: of.log,
  });

/** Files and variables of the server are nothing that is stored. */
function ofManager(text: string): Reference | null {
  if (!/^(?:vault|aws-sm|gcp-sm):/.test(text)) return null;
  return parseReference(text);
}

/** Why these prefixes cannot be meant; null when they can. */
export function checkPrefixes(prefixes: readonly string[]): string | null {
  return prefixes.every((prefix) => /^(?:vault|aws-sm|gcp-sm):./.test(prefix))
    ? null
    : 'expected beginnings of references: vault:…, aws-sm:… or gcp-sm:…';
}
