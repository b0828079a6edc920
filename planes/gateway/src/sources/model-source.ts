import type { OrganizationId, PicoUsd, ProjectId } from '@sagewai/wire';

/** A model that a source has for an organization. */
export interface SourcedModel {
  /** As callers say it. One that a provider has as well is the provider's. */
  readonly name: string;
  /** A token, in pico-USD; null: it costs nothing beyond the calls that it makes itself. */
  readonly price: { readonly input: PicoUsd; readonly output: PicoUsd } | null;
  /** It never answers with more: the bound of what is reserved (M1). */
  readonly outputTokensMax: number;
}

/** A call that was admitted and paid for. */
export interface SourceCall {
  readonly model: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  /** A body of chat completions, whatever the client speaks; with the cap that was granted. */
  readonly chat: Readonly<Record<string, unknown>>;
  /** W3C's `traceparent`, where the call is traced. */
  readonly traceparent: string | undefined;
  /** Nobody waits any more: what is still said is thrown away. */
  readonly signal: AbortSignal;
}

export type SourcePiece =
  | { readonly kind: 'text'; readonly text: string }
  /** The last one; without it the answer counts as broken off. */
  | {
      readonly kind: 'end';
      readonly finishReason: 'stop' | 'length';
      readonly usage: { readonly input: number; readonly output: number };
    };

/**
 * What answers model calls from inside this installation: agents are models too. It has no address; who
 * implements it is in a plane above, and the server wires both.
 */
export interface ModelSource {
  /** Unique among the sources. */
  readonly name: string;
  /** Asked at each call of a name that no provider has: quick, or remembered. */
  list(of: { readonly orgId: OrganizationId }): Promise<readonly SourcedModel[]>;
  /**
   * One answer; what it throws is never told to the caller. It is read as fast as the client takes it, and
   * never asked twice for one call.
   */
  answer(call: SourceCall): AsyncIterable<SourcePiece>;
}
