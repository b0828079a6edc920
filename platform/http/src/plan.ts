import type { Endpoint } from '@sagewai/wire';

import { compileOutput, type Serialise } from './compile-output.ts';
import type { HttpMeters, RouteMeter } from './meters.ts';
import { compileParse, type Parse } from './parse.ts';
import type { Binding, Route } from './route.ts';
import type { Validators } from './validators.ts';

/** A route with everything that is known before the first request. */
export interface Plan {
  readonly endpoint: Endpoint;
  readonly binding: Binding;
  readonly parse: Parse;
  readonly serialise: Serialise;
  readonly meter: RouteMeter;
  /** Open, harmless and frequent: answered without asking who calls, also while draining. */
  readonly isHealth: boolean;
  readonly bodyBytesMax: number;
  readonly takesForm: boolean;
  /** Its handler reads the bytes itself, whatever they are. */
  readonly takesRaw: boolean;
}

export interface PlanOptions {
  readonly validators: Validators;
  readonly meters: HttpMeters;
  readonly bodyBytesMax: number;
  readonly formBytesMax: number;
}

export function planRoute({ endpoint, binding }: Route, options: PlanOptions): Plan {
  const { validators, meters } = options;
  const meter = meters.route(endpoint.id);
  const takesForm = endpoint.bodyType === 'form';
  const countUnknown = (fields: number): void => meter.dropped(fields);
  let schemas: Schemas | undefined;
  const compiled = (): Schemas =>
    (schemas ??= compileSchemas(endpoint, { validators, countUnknown }));
  return {
    endpoint,
    binding,
    meter,
    // When they are needed: a process uses a few of some two hundred endpoints, and what is compiled of the
    // others is memory and time to start.
    parse: (raw) => compiled().parse(raw),
    serialise: (output) => compiled().serialise(output),
    isHealth: endpoint.permission === 'public' && endpoint.audit === 'skip',
    bodyBytesMax:
      endpoint.bodyBytesMax ?? (takesForm ? options.formBytesMax : options.bodyBytesMax),
    takesForm,
    takesRaw: endpoint.bodyType === 'raw',
  };
}

type Schemas = Pick<Plan, 'parse' | 'serialise'>;

/** Throws when a schema does not compile, naming the endpoint (H8). */
export function compileSchemas(
  endpoint: Endpoint,
  {
    validators,
    countUnknown,
  }: { readonly validators: Validators; readonly countUnknown: (fields: number) => void },
): Schemas {
  try {
    return {
      parse: compileParse(endpoint, validators, countUnknown),
      serialise: compileOutput(endpoint),
    };
  } catch (cause) {
    throw new Error(`the schemas of ${endpoint.id} do not compile`, { cause });
  }
}
