import { allowsVersion, type Requirement, type Routing } from '../matching/match-class.ts';
import { describeSelector, satisfies } from '../matching/selector.ts';
import { ANY_MODEL } from '../runs/run.ts';
import { SEAL_KEY_LABEL } from '../secrecy/seal-keys.ts';
import type { WorkerFact } from './placement-facts.ts';

const SEALED_FOR_OTHERS = 'the payload is not sealed for a key that it has';

/** `never`: it may not have the run as it is recorded; `now`: it cannot take it at the moment. */
export interface Lack {
  readonly kind: 'never' | 'now';
  readonly code:
    | 'state'
    | 'worker'
    | 'pool'
    | 'model'
    | 'label'
    | 'selector'
    | 'project'
    | 'version'
    | 'draining'
    | 'silent'
    | 'unreachable'
    | 'full';
  /** What is missing: `region=eu`, `gpu_memory>=24`, a model, a pool. */
  readonly what: string;
  readonly text: string;
}

/** What a worker lacks for a run of this requirement and project; empty: it can have it now. */
export function lacksOf(
  worker: WorkerFact,
  {
    requirement,
    projectId,
    workerNum = null,
  }: {
    readonly requirement: Requirement;
    readonly projectId: string;
    /** The one worker that it is for; null: all that match. */
    readonly workerNum?: number | null;
  },
): Lack[] {
  const { pool, model, labels, routing } = requirement;
  const lacks: Lack[] = [];
  const never = (code: Lack['code'], what: string, text: string): void =>
    void lacks.push({ kind: 'never', code, what, text });
  if (worker.state !== 'approved') never('state', worker.state, `it is ${worker.state}`);
  if (workerNum !== null && worker.num !== workerNum) {
    never('worker', '', 'the run is for another worker');
  }
  if (worker.pool !== pool) never('pool', pool, `it is in pool ${worker.pool}`);
  if (worker.projectId !== null && worker.projectId !== projectId) {
    never('project', worker.projectId, 'it works for another project');
  }
  if (model !== ANY_MODEL && !worker.models.includes(model)) {
    never('model', model, `it does not have the model ${model}`);
  }
  for (const [name, value] of Object.entries(labels)) {
    const own = Object.hasOwn(worker.labels, name) ? worker.labels[name] : undefined;
    if (own === value) continue;
    const has = own === undefined ? 'is missing' : `is ${JSON.stringify(own)}`;
    never('label', `${name}=${value}`, `label ${name} ${has}, not ${JSON.stringify(value)}`);
  }
  for (const selector of routing?.selectors ?? []) {
    if (satisfies(worker.labels, selector)) continue;
    if (selector.label === SEAL_KEY_LABEL) {
      never('selector', 'a recipient of the sealed payload', SEALED_FOR_OTHERS);
      continue;
    }
    const asked = describeSelector(selector);
    never('selector', asked, `it does not satisfy ${asked}`);
  }
  if (worker.pool === pool && !allowsVersion(worker, routing ?? null)) {
    never('version', versionAsked(worker, routing ?? null), versionText(worker, routing ?? null));
  }
  const now = (code: Lack['code'], text: string): void =>
    void lacks.push({ kind: 'now', code, what: '', text });
  if (worker.isDraining) now('draining', 'it is draining');
  if (!worker.isHeard) now('silent', 'it has not been heard lately');
  if (worker.sick.includes(model)) now('unreachable', `it cannot reach the model ${model}`);
  if (worker.active >= worker.max) now('full', `it is full: ${worker.active} of ${worker.max}`);
  return lacks;
}

function versionAsked({ ramp }: WorkerFact, routing: Routing | null): string {
  if (routing?.pin !== undefined) return routing.pin;
  const isForNew = ramp?.percent === 100 || routing?.ramped === ramp?.version;
  return isForNew ? String(ramp?.version) : `not ${ramp?.version}`;
}

function versionText(worker: WorkerFact, routing: Routing | null): string {
  const has = worker.version == null ? 'says no version' : `has version ${worker.version}`;
  const asked = versionAsked(worker, routing);
  return routing?.pin === undefined
    ? `it ${has}, and the pool's ramp has this run for ${asked}`
    : `it ${has}, not ${asked}`;
}
