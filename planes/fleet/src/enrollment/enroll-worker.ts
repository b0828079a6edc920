import { canonicalModel, canonicalModels } from '@sagewai/wire';

/** What a worker says about itself when it registers. */
export interface Declaration {
  readonly pool: string;
  readonly models: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What an enrollment key allows; empty lists allow any. */
export interface Allowance {
  readonly allowedPools: readonly string[];
  readonly allowedModels: readonly string[];
  /** `k=v` or `k=*`. */
  readonly allowedLabels: readonly string[];
  /** Whether whom it fits is approved, or waits for a person all the same. */
  readonly autoApprove: boolean;
}

export interface Enrollment {
  readonly state: 'approved' | 'pending';
  /** Whether the key covers what was declared, so that a use of it is taken. */
  readonly fits: boolean;
  /** What is recorded, and can ever be claimed (F3). */
  readonly models: readonly string[];
  readonly modelsCanonical: readonly string[];
  /** Declared and not allowed. */
  readonly dropped: readonly string[];
  /** Why it is pending. */
  readonly reason: string | null;
}

/**
 * Judges a declaration by the key that it came with; null: without a key. A worker that the key does not
 * fit is pending with everything it declared, for a person to decide; it is never refused.
 */
export function enrollWorker(declared: Declaration, key: Allowance | null): Enrollment {
  const pending = (reason: string): Enrollment => ({
    state: 'pending',
    fits: false,
    models: declared.models,
    modelsCanonical: canonicalModels(declared.models),
    dropped: [],
    reason,
  });
  if (key === null) return pending('registered without an enrollment key');

  const { allowedPools, allowedModels } = key;
  if (allowedPools.length > 0 && !allowedPools.includes(declared.pool)) {
    return pending(`the enrollment key does not allow the pool ${declared.pool}`);
  }
  const beyond = labelsBeyond(declared.labels, key.allowedLabels);
  if (beyond.length > 0) {
    return pending(`the enrollment key does not allow the labels ${beyond.join(', ')}`);
  }
  const allowed = new Set(canonicalModels(allowedModels));
  const isAllowed = (model: string): boolean =>
    allowed.size === 0 || allowed.has(canonicalModel(model));
  const models = declared.models.filter(isAllowed);
  if (allowed.size > 0 && models.length === 0) {
    return pending('the enrollment key allows none of the declared models');
  }
  return {
    state: key.autoApprove ? 'approved' : 'pending',
    fits: true,
    models,
    modelsCanonical: canonicalModels(models),
    dropped: declared.models.filter((model) => !isAllowed(model)),
    reason: key.autoApprove ? null : 'the enrollment key leaves the approval to a person',
  };
}

/** What is declared above the ceiling, as `k=v`. Labels restrict nobody by being left out. */
function labelsBeyond(
  labels: Readonly<Record<string, string>>,
  ceiling: readonly string[],
): string[] {
  if (ceiling.length === 0) return [];
  const allowed = new Set(ceiling);
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .filter((label) => !allowed.has(label) && !allowed.has(`${label.split('=', 1)[0]}=*`));
}
