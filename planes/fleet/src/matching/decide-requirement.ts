import type { RoutingConstraints, WireSelector } from '@sagewai/wire';

import { readStrategy } from '../dispatch/strategy.ts';
import { ANY_MODEL, POOL_DEFAULT } from '../runs/run.ts';
import { sealDemandOf } from '../secrecy/seal-keys.ts';
import { isMistakenPin } from '../workers/version.ts';
import { type Requirement, requirementOf, type Routing } from './match-class.ts';
import type { ProjectRouting } from './project-routing.ts';
import { type ReadSelectors, readSelectors } from './read-selectors.ts';
import type { Labels } from './selector.ts';

/** What a submission says of the worker that it wants. */
export interface Asked {
  readonly payload?: unknown;
  readonly pool?: string;
  readonly model?: string | null;
  readonly labels?: Labels;
  readonly selectors?: readonly WireSelector[];
  readonly routing?: RoutingConstraints;
  readonly worker_version?: string;
}

export interface DecidedRequirement {
  readonly kind: 'decided';
  readonly requirement: Requirement;
  /** As asked, or as the project has it; null: any. */
  readonly model: string | null;
}

export type Decided =
  | DecidedRequirement
  | { readonly kind: 'mistaken'; readonly path: string; readonly message: string };

/** What a run requires: its own requirements and its project's, which it cannot take back. */
export function decideRequirement(asked: Asked, project: ProjectRouting): Decided {
  const { routing: constraints = {} } = asked;
  const { model = project.model } = asked;
  const pool = asked.pool ?? constraints.worker_pool ?? project.pool ?? POOL_DEFAULT;
  if (constraints.worker_pool !== undefined && constraints.worker_pool !== pool) {
    return mistaken('routing/worker_pool', 'is not the pool that pool names');
  }
  const labels = { ...asked.labels, ...constraints.worker_labels, ...project.labels };
  const other = otherwise(asked.labels, labels) ?? otherwise(constraints.worker_labels, labels);
  if (other !== null) {
    const wanted = `${JSON.stringify(other)} must be ${JSON.stringify(labels[other])}`;
    const isPinned = Object.hasOwn(project.labels, other);
    const why = isPinned ? 'every run of the project requires it' : 'worker_labels has it so';
    return mistaken('labels', `${wanted}: ${why}`);
  }
  const read = readSelectors(asked.selectors ?? []);
  if (read.kind === 'mistaken') return mistaken(`selectors/${read.at}`, read.message);
  const { worker_version: pin } = asked;
  if (pin !== undefined && isMistakenPin(pin)) {
    return mistaken('worker_version', 'is neither a version nor a range of versions');
  }
  const seal = sealDemandOf(asked.payload);
  if (seal.kind === 'mistaken') return mistaken('payload/sealed', seal.message);
  const required = seal.kind === 'none' ? read.required : [...read.required, seal.selector];
  const routing = toRouting({ ...read, required }, constraints, pin);
  const requirement = requirementOf({ pool, model, labels, routing });
  return requirement === null
    ? mistaken('model', 'is no name of a model')
    : { kind: 'decided', requirement, model: requirement.model === ANY_MODEL ? null : model };
}

function toRouting(
  { required, preferred }: ReadSelectors,
  constraints: RoutingConstraints,
  pin: string | undefined,
): Routing | null {
  const { capacity_threshold: threshold } = constraints;
  const strategy = constraints.strategy === undefined ? null : readStrategy(constraints.strategy);
  const routing: Routing = {
    selectors: required,
    preferences: preferred,
    ...(strategy === null ? {} : { strategy }),
    // Of another strategy it says nothing, and would make a class of its own.
    ...(threshold === undefined || (strategy !== null && strategy !== 'THRESHOLD')
      ? {}
      : { threshold }),
    ...(pin === undefined ? {} : { pin }),
  };
  const saysNothing = Object.keys(routing).length === 2;
  return saysNothing && required.length === 0 && preferred.length === 0 ? null : routing;
}

/** The first label that is asked for otherwise than it is required. */
function otherwise(asked: Labels | undefined, required: Labels): string | null {
  const names = Object.entries(asked ?? {}).filter(([name, value]) => required[name] !== value);
  return names[0]?.[0] ?? null;
}

function mistaken(path: string, message: string): Decided {
  return { kind: 'mistaken', path, message };
}
