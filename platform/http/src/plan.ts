import type { Endpoint } from '@sagewai/wire';

import { compileOutput, type Serialise } from './compile-output.ts';
import type { HttpMeters, RouteMeter } from './meters.ts';
import { compileParse, type Parse } from './parse.ts';
import type { Binding, Route } from './route.ts';
import type { Validators } from './validators.ts';

/** A route with everything compiled that can be compiled before the first request. */
export interface Plan {
  readonly endpoint: Endpoint;
  readonly binding: Binding;
  readonly parse: Parse;
  readonly serialise: Serialise;
  readonly meter: RouteMeter;
  /** Open, harmless and frequent: answered without asking who calls, also while draining. */
  readonly isHealth: boolean;
  readonly bodyBytesMax: number;
}

export interface PlanOptions {
  readonly validators: Validators;
  readonly meters: HttpMeters;
  readonly bodyBytesMax: number;
}

/** Throws when a schema does not compile, naming the endpoint. */
export function compilePlan({ endpoint, binding }: Route, options: PlanOptions): Plan {
  const { validators, meters } = options;
  const meter = meters.route(endpoint.id);
  try {
    return {
      endpoint,
      binding,
      meter,
      parse: compileParse(endpoint, validators, (fields) => meter.dropped(fields)),
      serialise: compileOutput(endpoint),
      isHealth: endpoint.permission === 'public' && endpoint.audit === 'skip',
      bodyBytesMax: endpoint.bodyBytesMax ?? options.bodyBytesMax,
    };
  } catch (cause) {
    throw new Error(`the schemas of ${endpoint.id} do not compile`, { cause });
  }
}
