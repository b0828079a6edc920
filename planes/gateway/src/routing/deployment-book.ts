import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';

import type { Deployment } from '../models/deployment.ts';
import type { Health } from './check-endpoints.ts';
import type { Candidate } from './choose-deployment.ts';
import { weightsOf } from './choose-deployment.ts';
import { DeploymentState } from './deployment-state.ts';
import type { Failed } from './judge-head.ts';
import { PLAIN_TRAFFIC, type Routing, type Traffic } from './routing.ts';

/** One attempt, as it is seen by what is known about its deployment. */
export interface Watch {
  began(wantsStream: boolean): void;
  ended(): void;
}

export const trafficOf = ({ traffic }: Deployment): Traffic => traffic ?? PLAIN_TRAFFIC;

export interface DeploymentBookOptions {
  readonly routing: () => Routing;
  readonly clock: Clock;
  readonly log: Log;
  /** A deployment begins to be passed over. */
  readonly cooled: (deployment: Deployment) => void;
}

/** What this process has seen of the deployments that it can choose between. */
export class DeploymentBook {
  readonly #options: DeploymentBookOptions;
  readonly #states = new Map<string, DeploymentState>();

  constructor(options: DeploymentBookOptions) {
    this.#options = options;
  }

  candidates(
    deployments: readonly Deployment[],
    of: {
      readonly wantsStream: boolean;
      readonly costOf: (deployment: Deployment) => bigint | null;
    },
  ): Candidate[] {
    const routing = this.#options.routing();
    const nowMs = this.#nowMs();
    const weights = weightsOf(deployments.map(trafficOf));
    const kind = of.wantsStream ? 'stream' : 'whole';
    return deployments.map((deployment, index) => {
      const state = this.#stateOf(deployment);
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
        cost: routing.strategy === 'cost-based-routing' ? of.costOf(deployment) : null,
      };
    });
  }

  /** The one that cools the shortest. */
  coolest(among: readonly Deployment[]): Deployment | undefined {
    const [first, ...others] = among;
    return others.reduce(
      (best, each) =>
        best && this.#stateOf(each).coolsUntilMs() < this.#stateOf(best).coolsUntilMs()
          ? each
          : best,
      first,
    );
  }

  coolsForMs(deployment: Deployment): number {
    return Math.max(0, this.#stateOf(deployment).coolsUntilMs() - this.#nowMs());
  }

  watch(deployment: Deployment): Watch {
    const state = this.#stateOf(deployment);
    const sentMs = this.#nowMs();
    state.inFlight++;
    state.countRequest(sentMs);
    return {
      began: (wantsStream) => {
        const nowMs = this.#nowMs();
        state.measure(wantsStream ? 'stream' : 'whole', nowMs - sentMs, nowMs);
      },
      ended: () => {
        state.inFlight--;
      },
    };
  }

  noteFailure(deployment: Deployment, verdict: Failed): void {
    const nowMs = this.#nowMs();
    const state = this.#stateOf(deployment);
    const routing = this.#options.routing();
    const isTooMuch = state.fail(nowMs, routing.allowedFails) || verdict.coolsAtOnce;
    const cooldownMs = isTooMuch ? (trafficOf(deployment).cooldownMs ?? routing.cooldownMs) : 0;
    const forMs = Math.max(verdict.retryAfterMs ?? 0, cooldownMs); // R5
    const wasWell = state.coolsUntilMs() <= nowMs;
    state.coolUntil(nowMs + forMs);
    // One line when it begins to fail, not one for each call meanwhile.
    if (forMs === 0 || !wasWell) return;
    this.#options.cooled(deployment);
    this.#options.log.warn('a deployment fails; another is called while there is one', {
      deployment: deployment.id,
      because: verdict.because,
      for_ms: Math.round(forMs),
    });
  }

  /** What was found out about a deployment without a call of anybody's. */
  noteHealth(deployment: Deployment, health: Health, forMs: number): void {
    const { log, cooled } = this.#options;
    const state = this.#stateOf(deployment);
    const wasUnwell = state.wasFoundUnwell;
    const about = { deployment: deployment.id };
    if (health.kind === 'unwell') {
      state.findUnwell(this.#nowMs() + forMs);
      if (wasUnwell) return;
      cooled(deployment);
      const { because } = health;
      log.warn('a deployment is not well; another is called while there is one', {
        ...about,
        because,
      });
    } else if (wasUnwell) {
      state.warm();
      log.info('a deployment is well again', about);
    }
  }

  noteTokens({ id }: Deployment, tokens: number): void {
    // Known already where it is one of several.
    this.#states.get(id)?.countTokens(this.#nowMs(), tokens);
  }

  countCooling(): number {
    const nowMs = this.#nowMs();
    return [...this.#states.values()].filter((state) => state.coolsUntilMs() > nowMs).length;
  }

  /** Of deployments that are no longer configured nothing is kept. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#states.keys()) if (!ids.has(id)) this.#states.delete(id);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #stateOf({ id }: Deployment): DeploymentState {
    let state = this.#states.get(id);
    if (state === undefined) this.#states.set(id, (state = new DeploymentState()));
    return state;
  }
}
