import type { Clock } from '@sagewai/clock';
import type { Egress } from '@sagewai/egress';
import type { Route } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import { guardRoute } from './guard-route.ts';
import { guardrailRoutes } from './guardrail-routes.ts';
import type { Guardrail } from './guardrail.ts';
import { createNoteDeeds } from './note-deeds.ts';
import { createPost } from './post-hook.ts';

/** The guardrails of a gateway. */
export interface Guardrails {
  readonly routes: readonly Route[];
  /** The same route, behind them. */
  readonly guard: (route: Route) => Route;
  /** Others, from now on. */
  apply(guardrails: readonly Guardrail[]): void;
}

export function createGuardrails(of: {
  readonly config: { readonly guardrails: readonly Guardrail[] };
  readonly db: Db;
  readonly egress: Pick<Egress, 'pool'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics | undefined;
  readonly bytesMax: number;
}): Guardrails {
  const { db, log, metrics, clock, egress, bytesMax } = of;
  let { guardrails } = of.config;
  const now = (): Date => clock.now();
  const parts = {
    guardrails: () => guardrails,
    post: createPost(egress, bytesMax),
    now,
    note: createNoteDeeds({ db, log, metrics, now }),
    bytesMax,
  };
  return {
    routes: guardrailRoutes(parts),
    guard: (route) => guardRoute(route, parts),
    apply: (others) => {
      guardrails = others;
    },
  };
}
