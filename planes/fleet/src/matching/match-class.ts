import { canonicalModel } from '@sagewai/wire';

import type { Strategy } from '../dispatch/strategy.ts';
import { ANY_MODEL } from '../runs/run.ts';
import { allowedByRamp, satisfiesPin } from '../workers/version.ts';
import type { Capabilities } from '../workers/worker.ts';
import { type Preference, satisfies, type Selector } from './selector.ts';

/** What a requirement says beyond pool, model and equal labels. */
export interface Routing {
  /** A worker must satisfy all of them. */
  readonly selectors: readonly Selector[];
  /** Rank the workers that may be given a run; in memory only. */
  readonly preferences: readonly Preference[];
  /** Left out: as the pool has it. */
  readonly strategy?: Strategy;
  readonly threshold?: number;
  /** The version that a worker must have, or a range of them. */
  readonly pin?: string;
  /** Chosen for this version when the pool ramped it. */
  readonly ramped?: string;
}

/** What a run requires of a worker. All runs with equal requirements are one match class. */
export interface Requirement {
  readonly pool: string;
  /** Canonical, or `ANY_MODEL`. */
  readonly model: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: nothing. */
  readonly routing?: Routing | null;
}

/** Null when nothing is left of the model's name. */
export function requirementOf(asked: {
  readonly pool: string;
  readonly model: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly routing?: Routing | null;
}): Requirement | null {
  const model = asked.model === null ? ANY_MODEL : canonicalModel(asked.model);
  const { pool, labels, routing = null } = asked;
  return model === '' ? null : { pool, model, labels, routing };
}

/** Equal for equal requirements, whatever the order of their labels. */
export function classKey({ pool, model, labels, routing }: Requirement): string {
  return JSON.stringify([pool, model, sorted(labels), routing ?? null]);
}

/** Equal for workers that may be given the same runs; there are few of these, however many workers. */
export function capabilityKey(of: Capabilities): string {
  const models = [...of.models].toSorted();
  const { version = null, ramp = null } = of;
  return JSON.stringify([
    of.orgId,
    of.projectId,
    of.pool,
    models,
    sorted(of.labels),
    version,
    ramp?.version,
    ramp?.percent,
  ]);
}

/** F3. Whether a worker with these capabilities may be given runs of this class. */
export function serves(of: Capabilities, { pool, model, labels, routing }: Requirement): boolean {
  return (
    of.pool === pool &&
    (model === ANY_MODEL || of.models.includes(model)) &&
    Object.entries(labels).every(
      ([name, value]) => Object.hasOwn(of.labels, name) && of.labels[name] === value,
    ) &&
    (routing?.selectors ?? []).every((selector) => satisfies(of.labels, selector)) &&
    allowsVersion(of, routing ?? null)
  );
}

/** A run that pins a version takes no part in a ramp. */
export function allowsVersion(
  { version = null, ramp = null }: Pick<Capabilities, 'version' | 'ramp'>,
  routing: Routing | null,
): boolean {
  return routing?.pin === undefined
    ? allowedByRamp(version, routing?.ramped, ramp)
    : satisfiesPin(version, routing.pin);
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1));
}
