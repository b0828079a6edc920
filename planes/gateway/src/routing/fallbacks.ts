/** Other models for a call, in the order in which they are tried. */
export interface Fallbacks {
  /** When every attempt at a model has failed. */
  readonly generic: ReadonlyMap<string, readonly string[]>;
  /** When the provider says that the input is longer than the model's context. */
  readonly context: ReadonlyMap<string, readonly string[]>;
  /** When the provider refuses for its content policy. */
  readonly contentPolicy: ReadonlyMap<string, readonly string[]>;
  /** When there is no money for the model. */
  readonly budget: ReadonlyMap<string, readonly string[]>;
  /** For models without a chain of their own, when every attempt has failed. */
  readonly byDefault: readonly string[];
  /** How many other models a call may be sent to. */
  readonly max: number;
}

export type FallbackKind = 'generic' | 'context' | 'contentPolicy' | 'budget';

export const NO_FALLBACKS: Fallbacks = {
  generic: new Map(),
  context: new Map(),
  contentPolicy: new Map(),
  budget: new Map(),
  byDefault: [],
  max: 5,
};

/** The models after one, for a reason; never the same twice, and never the one that was asked for. */
export function chainOf(fallbacks: Fallbacks, kind: FallbackKind, model: string): string[] {
  const own = fallbacks[kind].get(model);
  const chain = own ?? (kind === 'generic' ? fallbacks.byDefault : []);
  const others = new Set(chain);
  others.delete(model);
  return [...others].slice(0, fallbacks.max);
}
