import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';

import type { AdmittedCall } from './admitted-call.ts';
import type { Deployment } from './models/deployment.ts';
import type { ModelGroup } from './models/model-table.ts';
import { costOf, estimateUsage } from './money/meter.ts';
import type { Upstream } from './providers/upstream.ts';
import {
  type Candidate,
  chooseDeployment,
  type Choice,
  type Passed,
  rollOf,
  weightsOf,
} from './routing/choose-deployment.ts';
import { DeploymentState } from './routing/deployment-state.ts';
import type { Failed } from './routing/judge-head.ts';
import { planRetry } from './routing/plan-retry.ts';
import { PLAIN_TRAFFIC, type Routing, type Strategy, type Traffic } from './routing/routing.ts';
import type { Trail } from './routing/trail.ts';

export type Next =
  | { readonly kind: 'none' }
  | { readonly kind: 'other' | 'again'; readonly deployment: Deployment; readonly waitMs: number };

/** The deployments that had this call, and how each of them failed. */
export type Tried = ReadonlyMap<string, Failed>;

/** Which deployment a call is sent to. Each replica learns for itself how they are. */
export interface Switchboard {
  choose(call: Routed, trail: Trail): Deployment;
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

/** One attempt, as it is seen by what is known about its deployment. */
export interface Watch {
  began(wantsStream: boolean): void;
  ended(): void;
}

export interface SwitchboardOptions {
  readonly upstreamOf: (deployment: Deployment) => Upstream;
  /** As it is configured now. */
  readonly routing: () => Routing;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random?: () => number;
}

// What is chosen by cost has to be compared somehow before anybody knows how long the answer will be.
const OUTPUT_TOKENS_EXPECTED = 500;

export function createSwitchboard(options: SwitchboardOptions): Switchboard {
  const { clock, log, random = Math.random } = options;
  const states = new Map<string, DeploymentState>();
  const turns = new Map<string, number>();

  const stateOf = ({ id }: Deployment): DeploymentState => {
    let state = states.get(id);
    if (state === undefined) states.set(id, (state = new DeploymentState()));
    return state;
  };

  const pick = (routed: Routed, tried: ReadonlySet<string>): Choice => {
    const { group, asked } = routed;
    const call: Estimable = {
      group,
      wantsStream: asked.wantsStream,
      costOf: (deployment) => expectedCost(deployment, routed),
    };
    const turn = turns.get(group.model) ?? 0;
    turns.set(group.model, (turn + 1) % 2 ** 30);
    return chooseAt(call, rollOf(turn), tried);
  };

  const chooseAt = (call: Estimable, roll: number, tried: ReadonlySet<string>): Choice =>
    chooseDeployment(candidatesOf(call), { strategy: options.routing().strategy, roll, tried });

  const candidatesOf = (call: Estimable): Candidate[] => {
    const routing = options.routing();
    const nowMs = clock.monotonicMs();
    const { deployments } = call.group;
    const weights = weightsOf(deployments.map(trafficOf));
    const kind = call.wantsStream ? 'stream' : 'whole';
    return deployments.map((deployment, index) => {
      const state = stateOf(deployment);
      const traffic = trafficOf(deployment);
      return {
        id: deployment.id,
        weight: weights[index] ?? 1,
        order: traffic.order,
        isCooling: state.coolsUntilMs() > nowMs,
        isFull: state.isFull(nowMs, traffic),
        inFlight: state.inFlight,
        latencyMs: state.latencyMs(kind, nowMs, routing),
        tokensThisMinute: state.tokensThisMinute(nowMs),
        cost: routing.strategy === 'cost-based-routing' ? call.costOf(deployment) : null,
      };
    });
  };

  const coolest = (among: readonly Deployment[]): Deployment | undefined =>
    among.reduce<Deployment | undefined>(
      (best, each) =>
        best !== undefined && stateOf(best).coolsUntilMs() <= stateOf(each).coolsUntilMs()
          ? best
          : each,
      undefined,
    );

  return {
    choose: (call, trail) => {
      const { deployments, model } = call.group;
      const [only] = deployments;
      if (only === undefined) throw new Error(`model ${model} has no deployment`);
      if (deployments.length === 1) return only;
      const { chosen, score, passed } = pick(call, NONE);
      const { strategy } = options.routing();
      trail.choose({ model, strategy, score: chosen === undefined ? undefined : score, passed });
      // When none is well, one of them may be back, and an error by guess helps nobody.
      return (chosen === undefined ? coolest(deployments) : deployments[chosen]) ?? only;
    },
    next: (call, { tried, last, attempts, trail }) => {
      const { deployments, model } = call.group;
      const { chosen, score, passed } = pick(call, new Set(tried.keys()));
      const other = chosen === undefined ? undefined : deployments[chosen];
      const repeatable = coolest(deployments.filter(({ id }) => tried.get(id)?.mayRepeat === true));
      const retry = planRetry({
        verdict: (repeatable && tried.get(repeatable.id)) ?? last,
        attempts,
        rules: options.routing().retry,
        hasOther: other !== undefined,
        hasRepeatable: repeatable !== undefined,
        random: random(),
      });
      const deployment = retry.kind === 'again' ? repeatable : other;
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
    watch: (group, deployment) => {
      if (group.deployments.length === 1) return undefined;
      const state = stateOf(deployment);
      const sentMs = clock.monotonicMs();
      state.inFlight++;
      state.countRequest(sentMs);
      return {
        began: (wantsStream) => {
          const nowMs = clock.monotonicMs();
          state.measure(wantsStream ? 'stream' : 'whole', nowMs - sentMs, nowMs);
        },
        ended: () => {
          state.inFlight--;
        },
      };
    },
    noteFailure: (deployment, verdict) => {
      const nowMs = clock.monotonicMs();
      const state = stateOf(deployment);
      const routing = options.routing();
      const cooldownMs = trafficOf(deployment).cooldownMs ?? routing.cooldownMs;
      const isTooMuch = state.fail(nowMs, routing.allowedFails);
      const asksMs = verdict.retryAfterMs ?? 0; // R5
      if (!isTooMuch && !verdict.coolsAtOnce && asksMs === 0) return;
      const wasWell = state.coolsUntilMs() <= nowMs;
      state.coolUntil(nowMs + Math.max(asksMs, isTooMuch || verdict.coolsAtOnce ? cooldownMs : 0));
      // One line when it begins to fail, not one for each call meanwhile.
      if (!wasWell || state.coolsUntilMs() <= nowMs) return;
      log.warn('a deployment fails; others are tried first for a while', {
        deployment: deployment.id,
        because: verdict.because,
        for_ms: Math.round(state.coolsUntilMs() - nowMs),
      });
    },
    explain: (group) => {
      const call: Estimable = {
        group,
        wantsStream: false,
        costOf: ({ price }) => (price === undefined ? null : costOf(price, SUPPOSED)),
      };
      const { chosen, passed } = chooseAt(call, rollOf(turns.get(group.model) ?? 0), NONE);
      const nowMs = clock.monotonicMs();
      const because = new Map(passed.map((each) => [each.id, each.because]));
      return {
        strategy: options.routing().strategy,
        chosen: chosen === undefined ? undefined : group.deployments[chosen]?.id,
        candidates: candidatesOf(call).flatMap((candidate, index) => {
          const deployment = group.deployments[index];
          if (deployment === undefined) return [];
          const coolsForMs = Math.max(0, stateOf(deployment).coolsUntilMs() - nowMs);
          return [{ ...candidate, deployment, coolsForMs, passed: because.get(candidate.id) }];
        }),
      };
    },
    keep: (ids) => {
      for (const id of states.keys()) if (!ids.has(id)) states.delete(id);
    },
    noteTokens: (deployment, tokens) => {
      // Known already: it is one of several. Of others nothing is kept.
      states.get(deployment.id)?.countTokens(clock.monotonicMs(), tokens);
    },
  };
}

/** A call of which nothing is known. */
const SUPPOSED = estimateUsage(
  3_000,
  { outputBytes: 0, outputChunks: OUTPUT_TOKENS_EXPECTED },
  { inputMax: Infinity, outputMax: Infinity },
);

const NONE: ReadonlySet<string> = new Set();

export const trafficOf = ({ traffic }: Deployment): Traffic => traffic ?? PLAIN_TRAFFIC;

function expectedCost({ price }: Deployment, call: Routed): bigint | null {
  if (price === undefined) return null;
  const limits = { inputMax: call.bounds.inputMax, outputMax: call.granted };
  const output = Math.min(call.granted, OUTPUT_TOKENS_EXPECTED);
  const seen = { outputBytes: 0, outputChunks: output };
  return costOf(price, estimateUsage(call.input.raw.length, seen, limits));
}
