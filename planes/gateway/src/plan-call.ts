import type { CapField } from './bytes/rewrite-request.ts';
import type { Deployment } from './models/deployment.ts';
import type { ModelGroup } from './models/model-table.ts';
import { boundInput, countParts } from './money/meter.ts';
import { traitsOf } from './providers/provider.ts';

/** The fields of a request that decide what it may cost. Nothing else of it is looked at. */
export interface MeteredRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly n?: number | null;
  readonly prediction?: unknown;
  readonly service_tier?: unknown;
  readonly web_search_options?: unknown;
}

/** How much a call can take (M1), before anybody has been asked whether it may. */
export interface CallBounds {
  readonly inputMax: number;
  /** Over all choices. */
  readonly outputMax: number;
  /** Whether less may be granted, and sent upstream as a cap. */
  readonly mayCap: boolean;
  /** The limit that the caller set for each choice. */
  readonly stated: number | undefined;
  /** Nobody knows the model's own maximum, so the bound holds only if this is sent as a cap. */
  readonly capEach: number | undefined;
}

// For a model of which nothing is known. Sent upstream as a cap, so that it is true.
const OUTPUT_TOKENS_UNKNOWN = 16_384;

export function boundCall(
  body: MeteredRequest,
  bodyBytes: number,
  group: ModelGroup,
  callerMayCap: boolean,
): CallBounds {
  const choices = body.n ?? 1;
  // Predicted tokens that are rejected are charged as output, beside the limit.
  const predicted = body.prediction === undefined || body.prediction === null ? 0 : bodyBytes;
  const stated = mostStated(body);
  const known = group.outputTokensMax ?? group.contextTokensMax;
  const each = stated ?? known ?? OUTPUT_TOKENS_UNKNOWN;
  return {
    inputMax: boundInput(bodyBytes, countParts(body.messages), group.contextTokensMax),
    outputMax: each * choices + predicted,
    // What several choices or a prediction leave of a cap is not worth paying for.
    mayCap: callerMayCap && stated === undefined && choices === 1 && predicted === 0,
    stated,
    capEach: stated === undefined && known === undefined ? each : undefined,
  };
}

/** Where both names are given, nobody knows which of them the provider takes. */
function mostStated(body: MeteredRequest): number | undefined {
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (typeof older === 'number') return typeof newer === 'number' ? Math.max(older, newer) : older;
  return typeof newer === 'number' ? newer : undefined;
}

/**
 * The cap to send to a deployment so that it keeps to what was granted; `undefined` when it will
 * anyway. A limit under a name that the provider ignores is repeated under one that it keeps.
 */
export function capFor(
  deployment: Deployment,
  body: MeteredRequest,
  bounds: CallBounds,
  granted: number,
): { field: CapField; tokens: number } | undefined {
  const { keeps, cap: field } = traitsOf(deployment.endpoint.provider);
  if (bounds.stated !== undefined) {
    const isKept = keeps.some((name) => typeof body[name] === 'number');
    return isKept ? undefined : { field, tokens: bounds.stated };
  }
  const tokens = granted < bounds.outputMax ? granted : bounds.capEach;
  return tokens === undefined ? undefined : { field, tokens };
}

const PLAIN_TIERS: readonly unknown[] = [undefined, null, 'auto', 'default', 'standard_only'];

/** What a request asks for that has a price of its own, which usage does not show (M4). */
export function findUnpriced(body: MeteredRequest): string | undefined {
  if (body.web_search_options !== undefined && body.web_search_options !== null) {
    return 'web_search_options';
  }
  return PLAIN_TIERS.includes(body.service_tier) ? undefined : 'service_tier';
}
