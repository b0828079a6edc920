/**
 * How the calls of a model are spread over its deployments, and what happens when one of them fails.
 *
 *   R1. A call that may have been charged is booked, also when another deployment answers after all
 *       (M3): each such attempt has a reservation and a spend row of its own.
 *   R2. Nothing is sent again once a piece of an answer has gone to the client.
 *   R3. What was reserved bounds whatever is sent (M1): all deployments of one model are bounded by the
 *       dearest of them; another model, or another attempt beside one that may have been charged, is
 *       reserved for before it is sent.
 *   R4. A deployment that lost a call, or was late with it, does not get the same call again.
 *   R5. A provider is not called again before the instant it named, when there is another.
 *   R6. Where hedging is configured, a call that is still silent is sent to a second deployment too. It is
 *       reserved for first (R3); whoever answers first is the answer, the other is given up and booked (R1).
 */

import { type Fallbacks, NO_FALLBACKS } from './fallbacks.ts';

export const STRATEGIES = [
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'cost-based-routing',
  'usage-based-routing',
] as const;

export type Strategy = (typeof STRATEGIES)[number];

export interface RetryRules {
  /** Attempts after the first. */
  readonly retries: number;
  /** The least that is waited before the same deployment is called again. */
  readonly retryAfterMs: number;
  /** The first wait; doubles. */
  readonly backoffMs: number;
  /** A provider that asks for a longer wait is not waited for. */
  readonly waitMsMax: number;
}

export interface Routing {
  readonly strategy: Strategy;
  readonly retry: RetryRules;
  /** More failures than this within a minute, and a deployment is passed over for a while. */
  readonly allowedFails: number;
  /** For how long; 0: never. */
  readonly cooldownMs: number;
  /** For a whole answer; null: as long as the connections allow. */
  readonly timeoutMs: number | null;
  /** For the first piece of a stream; null: as `timeoutMs`. */
  readonly firstTokenMs: number | null;
  /** After which a measured latency is forgotten, so that a deployment that was slow gets a chance. */
  readonly latencyTtlMs: number;
  readonly fallbacks: Fallbacks;
  readonly hedging: Hedging;
  /** Other names of models. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** After how long a silent call is sent to another deployment as well (R6). */
export interface Hedging {
  /** Null: never. */
  readonly byDefaultMs: number | null;
  readonly ofModelMs: ReadonlyMap<string, number>;
}

const NO_HEDGING: Hedging = { byDefaultMs: null, ofModelMs: new Map() };

/** What LiteLLM's documentation says of a router that is told nothing. */
export const DEFAULT_ROUTING: Routing = {
  strategy: 'simple-shuffle',
  retry: { retries: 3, retryAfterMs: 0, backoffMs: 500, waitMsMax: 8_000 },
  allowedFails: 3,
  cooldownMs: 5_000,
  timeoutMs: null,
  firstTokenMs: null,
  latencyTtlMs: 3_600_000,
  fallbacks: NO_FALLBACKS,
  hedging: NO_HEDGING,
  aliases: new Map(),
};

/** Of one deployment, where the configuration says something about it. */
export interface Traffic {
  readonly weight: number | null;
  /** Those of the lowest order are used while one of them is well. */
  readonly order: number;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly timeoutMs: number | null;
  readonly firstTokenMs: number | null;
  readonly cooldownMs: number | null;
}

export const PLAIN_TRAFFIC: Traffic = {
  weight: null,
  order: 0,
  requestsPerMinute: null,
  tokensPerMinute: null,
  timeoutMs: null,
  firstTokenMs: null,
  cooldownMs: null,
};
