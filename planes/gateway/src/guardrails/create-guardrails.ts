import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { Egress } from '@sagewai/egress';
import type { Route } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import type { Pool } from '../providers/create-upstreams.ts';
import type { Post } from './ask-hook.ts';
import { guardRoute, type KnownGuardrails } from './guard-route.ts';
import { createGuardrailBook } from './guardrail-book.ts';
import { guardrailRoutes } from './guardrail-routes.ts';
import type { Guardrail } from './guardrail.ts';
import { litellmGuardrailRoutes } from './litellm-routes.ts';
import { litellmGuardrailWriteRoutes } from './litellm-write-routes.ts';
import { createNoteDeeds } from './note-deeds.ts';
import { createPost } from './post-hook.ts';
import { createGuardrailStore } from './store-guardrail.ts';
import { storedGuardrailRoutes } from './stored-routes.ts';

/** The guardrails of a gateway. */
export interface Guardrails {
  readonly routes: readonly Route[];
  /** The same route, behind them. */
  readonly guard: (route: Route) => Route;
  /** Others of the models file, from now on. */
  apply(guardrails: readonly Guardrail[]): void;
}

export function createGuardrails(of: {
  readonly config: { readonly guardrails: readonly Guardrail[] };
  readonly db: Db;
  readonly sealing: SealingKeys;
  readonly poolOf: (url: string) => Pool;
  /** E6. For what arrived by API, also where the operator named the same origin for something else. */
  readonly outside: Pick<Egress, 'allow' | 'pool'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics | undefined;
  readonly answerBytesMax: number;
  /** For how long keys are open while the database is away. */
  readonly openForMs: number;
}): Guardrails {
  const { db, sealing: keys, log, metrics, clock, outside, openForMs } = of;
  const { answerBytesMax: bytesMax } = of;
  let { guardrails: configured } = of.config;
  const now = (): Date => clock.now();
  const allow = (url: string): void => outside.allow([url]);
  const postNamed = createPost({ pool: of.poolOf }, bytesMax);
  const postOutside = createPost(outside, bytesMax);
  const post: Post = (hook, message) => (hook.isByApi ? postOutside : postNamed)(hook, message);
  const book = createGuardrailBook({ db, keys, clock, log, allow, openForMs });
  const withConfigured = (stored: readonly Guardrail[]): readonly Guardrail[] =>
    stored.length === 0 ? configured : [...configured, ...stored];
  const guardrails: KnownGuardrails = (caller) => {
    const stored = book.of(caller);
    return stored instanceof Promise ? stored.then(withConfigured) : withConfigured(stored);
  };
  const parts = {
    guardrails,
    post,
    now,
    note: createNoteDeeds({ db, log, metrics, now }),
    bytesMax,
  };
  const fromFile = (): readonly Guardrail[] => configured;
  const forget = (): void => book.forget();
  const store = createGuardrailStore({ keys, fromFile, allow, forget });
  return {
    routes: [
      ...guardrailRoutes({ guardrails, fromFile }),
      ...storedGuardrailRoutes(store),
      ...litellmGuardrailWriteRoutes(store),
      ...litellmGuardrailRoutes({ ...parts, fromFile }),
    ],
    guard: (route) => guardRoute(route, parts),
    apply: (others) => {
      configured = others;
    },
  };
}
