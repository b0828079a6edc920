import type { TraceContext } from '@sagewai/telemetry';
import type { PicoUsd } from '@sagewai/wire';

import type { Classification } from '../classification/classification.ts';
import type { TierTold } from '../tiers/choose-model.ts';
import type { Passed } from './choose-deployment.ts';
import type { FallbackKind } from './fallbacks.ts';
import type { Strategy } from './routing.ts';

export interface ChoiceNote {
  readonly model: string;
  readonly strategy: Strategy;
  /** Undefined: none was well, and the one that cools the shortest was taken. */
  readonly score: number | undefined;
  readonly passed: readonly { readonly id: string; readonly because: Passed }[];
}

/** An attempt that failed. */
export interface AttemptNote {
  readonly deployment: string;
  readonly because: string;
  /** The spend row of what it may have cost; null: it cost nothing. */
  readonly callId: string | null;
}

/** Another model, and why; `refused` when it was not sent to. */
export interface FallbackNote {
  readonly model: string;
  readonly because: FallbackKind;
  readonly refused: string | null;
}

/** How a call found its way. Empty for a model with one deployment that answers. */
export class Trail {
  /** Null: the call is of no trace. */
  readonly trace: TraceContext | null;
  readonly startedMs = performance.now();
  /** Why a call that left its model open got one. */
  tier: TierTold | undefined;
  /** How far its data may go, where somebody says so. */
  classification: Classification | undefined;
  /** What it did not cost, since its answer (or a part of it) was kept from an earlier call. */
  savedPusd: PicoUsd | undefined;
  /** When a call that brought its own time along is late; Infinity: never. Of a monotonic clock. */
  deadlineMs = Infinity;
  /** How many retries the call asks for itself; undefined: it does not say. */
  retriesMax: number | undefined;
  /** When the first attempt was sent; 0: none was. */
  sentMs = 0;
  /** Made when there is something to note: most calls have nothing. */
  #dear: { readonly model: string; readonly id: string }[] | undefined;
  #choices: ChoiceNote[] | undefined;
  #attempts: AttemptNote[] | undefined;
  #fallbacks: FallbackNote[] | undefined;

  constructor(trace: TraceContext | null = null) {
    this.trace = trace;
  }

  get dear(): readonly { readonly model: string; readonly id: string }[] {
    return this.#dear ?? NOTHING;
  }

  get choices(): readonly ChoiceNote[] {
    return this.#choices ?? NOTHING;
  }

  /** How much is left of its own time; Infinity for a call that brought none. */
  get leftMs(): number {
    return this.deadlineMs === Infinity ? Infinity : this.deadlineMs - performance.now();
  }

  get attempts(): readonly AttemptNote[] {
    return this.#attempts ?? NOTHING;
  }

  get fallbacks(): readonly FallbackNote[] {
    return this.#fallbacks ?? NOTHING;
  }

  get isEmpty(): boolean {
    return (
      this.savedPusd === undefined &&
      this.classification === undefined &&
      !this.tier &&
      !this.#choices &&
      !this.#attempts &&
      !this.#fallbacks &&
      !this.#dear
    );
  }

  /** How many other models the call was sent to. */
  get fallbackIndex(): number {
    return this.fallbacks.filter(({ refused }) => refused === null).length;
  }

  /** What decided, in the order in which it applied. */
  rules(model: string, asked: string): string[] {
    const rules = this.fallbacks
      .filter(({ refused }) => refused === null)
      .map(({ because, model: other }) => `fallback:${because}:${other}`);
    if (this.savedPusd !== undefined) rules.unshift('cache');
    if (this.tier !== undefined) rules.unshift(`tier:${this.tier.tier}`);
    if (rules.length === 0 && model !== asked) rules.push(`name:${model}`);
    const [hedged, retried] = [this.attempts.some(isHedged), !this.attempts.every(isHedged)];
    if (hedged) rules.push('hedge');
    if (retried) rules.push('retry');
    const strategy = this.choices.at(-1)?.strategy;
    if (strategy !== undefined) rules.push(`strategy:${strategy}`);
    return rules;
  }

  choose(note: ChoiceNote): void {
    (this.#choices ??= []).push(note);
  }

  /** Deployments at which the call could cost more than it allows itself. */
  passOver(model: string, deployments: readonly string[]): void {
    for (const id of deployments) (this.#dear ??= []).push({ model, id });
  }

  fail(note: AttemptNote): void {
    (this.#attempts ??= []).push(note);
  }

  fallBack(note: FallbackNote): void {
    (this.#fallbacks ??= []).push(note);
  }
}

const isHedged = ({ because }: AttemptNote): boolean => because === 'hedged';

const NOTHING: readonly never[] = [];
