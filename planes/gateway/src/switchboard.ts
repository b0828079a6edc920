import type { AdmittedCall } from './calls/admitted-call.ts';
import type { Deployment } from './models/deployment.ts';
import type { ModelGroup } from './models/model-table.ts';
import { costOf, estimateUsage } from './money/meter.ts';
import type { Upstream } from './providers/upstream.ts';
import type { Health } from './routing/check-endpoints.ts';
import {
  type Candidate,
  chooseDeployment,
  type Choice,
  type Passed,
  rollOf,
} from './routing/choose-deployment.ts';
import {
  DeploymentBook,
  type DeploymentBookOptions,
  trafficOf,
  type Watch,
} from './routing/deployment-book.ts';
import type { Failed } from './routing/judge-head.ts';
import { planRetry } from './routing/plan-retry.ts';
import type { RetryRules, Strategy } from './routing/routing.ts';
import type { Trail } from './routing/trail.ts';

export type Next =
  | { readonly kind: 'none' }
  | { readonly kind: 'other' | 'again'; readonly deployment: Deployment; readonly waitMs: number };

/** The deployments that had this call, and how each of them failed. */
export type Tried = ReadonlyMap<string, Failed>;

/** Which deployment a call is sent to. Each replica learns for itself how they are. */
export interface Switchboard {
  choose(call: Routed, trail: Trail): Deployment;
  /** When another deployment is asked beside one that is silent; null: never. */
  hedgeAfterMs(group: ModelGroup): number | null;
  /** Another one that is well, for a call that is under way at this one. */
  beside(call: Routed, deployment: Deployment, trail: Trail): Deployment | undefined;
  /** Where a call goes whose last attempt failed. */
  next(
    call: Routed,
    of: {
      readonly tried: Tried;
      readonly last: Failed;
      readonly attempts: number;
      readonly trail: Trail;
    },
  ): Next;
  upstreamOf(deployment: Deployment): Upstream;
  now(): Date;
  /** How long an attempt may take to answer, or to begin its stream; null: no limit of its own. */
  limitMs(deployment: Deployment, wantsStream: boolean): number | null;
  /** Undefined for a model with one deployment, of which nothing needs to be known. */
  watch(group: ModelGroup, deployment: Deployment): Watch | undefined;
  noteFailure(deployment: Deployment, verdict: Failed): void;
  /** How the next call of a model would be routed. Changes nothing. */
  explain(group: ModelGroup): Explanation;
  /** What was found out about a deployment without a call of anybody's. */
  noteHealth(deployment: Deployment, health: Health, forMs: number): void;
  /** Deployments that are passed over at present. */
  countCooling(): number;
  /** Of deployments that are no longer configured nothing is kept. */
  keep(ids: ReadonlySet<string>): void;
  noteTokens(deployment: Deployment, tokens: number): void;
}

/** What of a call its route may depend on. */
export type Routed = Pick<AdmittedCall, 'group' | 'granted' | 'bounds' | 'asked' | 'input'>;

export interface Explanation {
  readonly strategy: Strategy;
  /** Undefined: none is well, and the one that cools the shortest would be tried. */
  readonly chosen: string | undefined;
  readonly candidates: readonly (Candidate & {
    readonly deployment: Deployment;
    readonly coolsForMs: number;
    readonly passed: Passed | undefined;
  })[];
}

/** What a choice needs to know of a call, made or supposed. */
interface Estimable {
  readonly group: ModelGroup;
  readonly wantsStream: boolean;
  costOf(deployment: Deployment): bigint | null;
}

export interface SwitchboardOptions extends DeploymentBookOptions {
  readonly upstreamOf: (deployment: Deployment) => Upstream;
  /** In [0, 1). */
  readonly random?: () => number;
}

// What is chosen by cost has to be compared somehow before anybody knows how long the answer will be.
const OUTPUT_TOKENS_EXPECTED = 500;

export function createSwitchboard(options: SwitchboardOptions): Switchboard {
  const { clock, random = Math.random } = options;
  const book = new DeploymentBook(options);
  const turns = new Map<string, number>();

  const pick = (routed: Routed, tried: ReadonlySet<string>, leftMs: number): Choice => {
    const { group, asked } = routed;
    const call: Estimable = {
      group,
      wantsStream: asked.wantsStream,
      costOf: (deployment) => expectedCost(deployment, routed),
    };
    const turn = turns.get(group.model) ?? 0;
    turns.set(group.model, (turn + 1) % 2 ** 30);
    return chooseAt(call, rollOf(turn), { tried, leftMs });
  };

  const chooseAt = (
    call: Estimable,
    roll: number,
    of: { readonly tried: ReadonlySet<string>; readonly leftMs?: number },
  ): Choice =>
    chooseDeployment(book.candidates(call.group.deployments, call), {
      strategy: options.routing().strategy,
      roll,
      ...of,
    });

  return {
    choose: (call, trail) => {
      const { deployments, model } = call.group;
      const [only] = deployments;
      if (only === undefined) throw new Error(`model ${model} has no deployment`);
      if (deployments.length === 1) return only;
      const { chosen, score, passed } = pick(call, NONE, trail.leftMs);
      const { strategy } = options.routing();
      trail.choose({ model, strategy, score: chosen === undefined ? undefined : score, passed });
      // When none is well, one of them may be back, and an error by guess helps nobody.
      return (chosen === undefined ? book.coolest(deployments) : deployments[chosen]) ?? only;
    },
    hedgeAfterMs: ({ model, deployments }) => {
      if (deployments.length === 1) return null;
      const { ofModelMs, byDefaultMs } = options.routing().hedging;
      return ofModelMs.get(model) ?? byDefaultMs;
    },
    beside: (call, { id }, trail) => {
      const { deployments, model } = call.group;
      const { chosen, score, passed } = pick(call, new Set([id]), trail.leftMs);
      if (chosen === undefined) return undefined;
      trail.choose({ model, strategy: options.routing().strategy, score, passed });
      return deployments[chosen];
    },
    next: (call, { tried, last, attempts, trail }) => {
      const { deployments, model } = call.group;
      const { chosen, score, passed } = pick(call, new Set(tried.keys()), trail.leftMs);
      const other = chosen === undefined ? undefined : deployments[chosen];
      const repeatable = book.coolest(
        deployments.filter(({ id }) => tried.get(id)?.mayRepeat === true),
      );
      const retry = planRetry({
        verdict: (repeatable && tried.get(repeatable.id)) ?? last,
        attempts,
        rules: rulesFor(options.routing().retry, trail.retriesMax),
        hasOther: other !== undefined,
        hasRepeatable: repeatable !== undefined,
        random: random(),
      });
      const deployment = retry.kind === 'again' ? repeatable : other;
      if (retry.kind === 'again' && retry.waitMs >= trail.leftMs) return { kind: 'none' };
      if (retry.kind === 'none' || deployment === undefined) return { kind: 'none' };
      if (retry.kind === 'other') {
        trail.choose({ model, strategy: options.routing().strategy, score, passed });
      }
      return { kind: retry.kind, deployment, waitMs: retry.kind === 'again' ? retry.waitMs : 0 };
    },
    upstreamOf: options.upstreamOf,
    now: () => clock.now(),
    limitMs: (deployment, wantsStream) => {
      const { timeoutMs, firstTokenMs } = trafficOf(deployment);
      const routing = options.routing();
      const whole = timeoutMs ?? routing.timeoutMs;
      return wantsStream ? (firstTokenMs ?? routing.firstTokenMs ?? whole) : whole;
    },
    watch: (group, deployment) =>
      group.deployments.length === 1 ? undefined : book.watch(deployment),
    noteFailure: (deployment, verdict) => book.noteFailure(deployment, verdict),
    noteHealth: (deployment, health, forMs) => book.noteHealth(deployment, health, forMs),
    noteTokens: (deployment, tokens) => book.noteTokens(deployment, tokens),
    countCooling: () => book.countCooling(),
    keep: (ids) => book.keep(ids),
    explain: (group) => {
      const call: Estimable = {
        group,
        wantsStream: false,
        costOf: ({ price }) => (price === undefined ? null : costOf(price, SUPPOSED)),
      };
      const { chosen, passed } = chooseAt(call, rollOf(turns.get(group.model) ?? 0), {
        tried: NONE,
      });
      const because = new Map(passed.map((each) => [each.id, each.because]));
      return {
        strategy: options.routing().strategy,
        chosen: chosen === undefined ? undefined : group.deployments[chosen]?.id,
        candidates: book.candidates(group.deployments, call).flatMap((candidate, index) => {
          const deployment = group.deployments[index];
          if (deployment === undefined) return [];
          const coolsForMs = book.coolsForMs(deployment);
          return [{ ...candidate, deployment, coolsForMs, passed: because.get(candidate.id) }];
        }),
      };
    },
  };
}

/** A call of which nothing is known. */
const SUPPOSED = estimateUsage(
  3_000,
  { outputBytes: 0, outputChunks: OUTPUT_TOKENS_EXPECTED },
  { inputMax: Infinity, outputMax: Infinity },
);

const rulesFor = (rules: RetryRules, retries: number | undefined): RetryRules =>
  retries === undefined ? rules : { ...rules, retries };

const NONE: ReadonlySet<string> = new Set();

function expectedCost({ price }: Deployment, call: Routed): bigint | null {
  if (price === undefined) return null;
  const limits = { inputMax: call.bounds.inputMax, outputMax: call.granted };
  const output = Math.min(call.granted, OUTPUT_TOKENS_EXPECTED);
  const seen = { outputBytes: 0, outputChunks: output };
  return costOf(price, estimateUsage(call.input.raw.length, seen, limits));
}
