import { hash, type KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader } from '@sagewai/http';
import { isRunToken, type LeaseDetail, readRunToken, type RunClaims } from '@sagewai/identity';
import { canonicalModels, type RunId } from '@sagewai/wire';

import { CredentialCache } from './credential-cache.ts';
import { readCredential } from './read-credential.ts';
import { type CallerDetail, CREDENTIAL_AGE_MS_MAX } from './virtual-key.ts';

/** A lease, as a run token names it. */
export interface LeasePair {
  readonly runId: RunId;
  readonly epoch: number;
}

/** What a higher plane knows and this one must ask: whether leases still live, in the order asked. */
export interface RunLeases {
  areAlive(pairs: readonly LeasePair[]): Promise<readonly boolean[]>;
}

const RUNS_MAX = 50_000;
const NO_SCOPES: ReadonlySet<never> = new Set();

interface KnownRun {
  readonly caller: Caller;
  readonly expiresAt: Date;
}

/** Reads run tokens. A token is good for as long as its lease lives, and no longer than it says. */
export function createRunReader(of: {
  readonly runLeases: RunLeases;
  readonly runTokenKey: KeyObject;
  readonly clock: Clock;
}): CredentialReader {
  const { clock, runTokenKey } = of;
  const isAlive = together(of.runLeases);
  const cache = new CredentialCache<KnownRun>({
    clock,
    ageMsMax: CREDENTIAL_AGE_MS_MAX,
    entriesMax: RUNS_MAX,
    load: async (token) => {
      const read = readRunToken(runTokenKey, token, clock.now());
      if (read.kind !== 'valid') return null;
      const { claims } = read;
      return (await isAlive(claims)) ? toKnown(claims) : null;
    },
  });
  const admit = (known: KnownRun | null): Caller => {
    if (known && clock.now() < known.expiresAt) return known.caller;
    throw new Fault('caller.unknown', 'the run token is forged, or its lease is over', {
      detail: 'The run token is not valid: it is wrong, or the lease of its run has ended.',
    });
  };
  return {
    read: ({ headers }) => {
      const token = readCredential(headers);
      if (token === undefined || !isRunToken(token)) return null;
      const known = cache.get(hash('sha256', token, 'base64'), token);
      return known instanceof Promise ? known.then(admit) : admit(known);
    },
  };
}

function toKnown({ runId, epoch, orgId, projectId, models, expiresAt }: RunClaims): KnownRun {
  const detail: CallerDetail & LeaseDetail = {
    epoch,
    keyId: null,
    runId,
    models: new Set(canonicalModels(models)),
    mayCap: true,
    policy: null,
  };
  const caller = { kind: 'run', id: runId, name: `run ${runId}`, orgId, projectId } as const;
  return { caller: { ...caller, scopes: NO_SCOPES, detail }, expiresAt };
}

interface Question {
  readonly pair: LeasePair;
  readonly resolve: (isAlive: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions that come while one is under way are asked as one after it. */
function together(runLeases: RunLeases): (pair: LeasePair) => Promise<boolean> {
  let waiting: Question[] = [];
  let isAsking = false;
  const ask = async (): Promise<void> => {
    isAsking = true;
    while (waiting.length > 0) {
      const asked = waiting;
      waiting = [];
      try {
        const answers = await runLeases.areAlive(asked.map(({ pair }) => pair));
        for (const [index, { resolve }] of asked.entries()) resolve(answers[index] ?? false);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    isAsking = false;
  };
  return ({ runId, epoch }) =>
    new Promise((resolve, reject) => {
      waiting.push({ pair: { runId, epoch }, resolve, reject });
      if (!isAsking) void ask();
    });
}
