/**
 * For whom payloads are sealed, as routing sees it: a worker that has registered a sealing key carries it
 * as a label that only the server sets, and a run with a sealed payload requires one of its recipients'.
 */
import { readSealed, type SealedFor } from '@sagewai/seal';

import type { Requirement } from '../matching/match-class.ts';
import type { Labels, Selector } from '../matching/selector.ts';
import type { Capabilities } from '../workers/worker.ts';

export const SEAL_KEY_LABEL = 'sagewai.seal_key';

/** What workers and submitters cannot say by a label. */
export const RESERVED_LABELS: ReadonlySet<string> = new Set(['project_id', SEAL_KEY_LABEL]);

export const sealKeyOf = (labels: Labels): string | null => labels[SEAL_KEY_LABEL] ?? null;

export type SealDemand =
  | { readonly kind: 'none' }
  | { readonly kind: 'mistaken'; readonly message: string }
  | { readonly kind: 'one of'; readonly selector: Selector };

/** Z1. What a payload requires of the worker that is to open it. */
export function sealDemandOf(payload: unknown): SealDemand {
  const read = readSealed(payload);
  if (read.kind === 'clear') return { kind: 'none' };
  if (read.kind === 'malformed') return { kind: 'mistaken', message: read.why };
  const values = new Set(read.envelope.recipients.map(({ key }) => key));
  const selector = { label: SEAL_KEY_LABEL, op: 'in', values: [...values].toSorted() } as const;
  return { kind: 'one of', selector };
}

/** Whether an envelope is of this project; what is no envelope may be of any. */
export function isSealedFor(payload: unknown, { organizationId, projectId }: SealedFor): boolean {
  const read = readSealed(payload);
  if (read.kind !== 'sealed') return true;
  const { organization_id, project_id } = read.envelope;
  return organization_id === organizationId && project_id === projectId;
}

/**
 * The keys that runs were sealed for, as far as this replica knows. Workers that differ in their keys alone
 * are one group until one of the keys is among these: ten thousand workers have as many keys, and few of
 * them are ever named.
 */
export class NamedKeys {
  readonly #named = new Set<string>();

  /** The keys that no class before has named. */
  learn({ routing }: Requirement): ReadonlySet<string> {
    const fresh = new Set<string>();
    for (const { label, values } of routing?.selectors ?? []) {
      if (label !== SEAL_KEY_LABEL) continue;
      for (const key of values) if (!this.#named.has(key)) fresh.add(key);
    }
    for (const key of fresh) this.#named.add(key);
    return fresh;
  }

  /** Without a key that no run is sealed for. */
  relevant(capabilities: Capabilities): Capabilities {
    const key = sealKeyOf(capabilities.labels);
    if (key === null || this.#named.has(key)) return capabilities;
    const { [SEAL_KEY_LABEL]: _key, ...labels } = capabilities.labels;
    return { ...capabilities, labels };
  }
}
