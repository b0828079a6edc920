import type { Secret } from '@sagewai/config';
import type { ProjectId } from '@sagewai/wire';

import type { Classification } from '../classification/classification.ts';
import type { MediaPrice } from '../media/media-price.ts';
import type { Price } from '../money/price.ts';
import { type Authorization, tokenUrlsOf } from '../providers/authorization.ts';
import type { ProviderName } from '../providers/provider.ts';
import type { Traffic } from '../routing/routing.ts';

/**
 * Where a deployment is reached. M6: the credential belongs to this address, is sent nowhere else,
 * and never comes from a request.
 */
export interface Endpoint {
  readonly provider: ProviderName;
  /** Up to and with the version, without a slash at the end: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly credential: Secret | null;
  /** Whose own credential it is; undefined: the operator's. */
  readonly ofProject?: ProjectId | undefined;
  /** Where the credential is no header that stays the same: what signs each request, or asks for tokens. */
  readonly authorization?: Authorization | undefined;
}

/** All that is called for its sake: its base URL, and where its tokens come from. */
export function addressesOf({ baseUrl, authorization }: Endpoint): readonly string[] {
  return [baseUrl, ...tokenUrlsOf(authorization)];
}

/** One way to reach a model. Several deployments may serve one model name. */
export interface Deployment {
  /** Unique and stable over restarts; callers see it as `x-litellm-model-id`. */
  readonly id: string;
  /** The name that callers use. */
  readonly model: string;
  /** The name that the provider uses. */
  readonly upstreamModel: string;
  readonly endpoint: Endpoint;
  /** `undefined` is unknown (M4), which is not free. */
  readonly price: Price | undefined;
  /** Of pictures and recordings, where they are not paid by tokens alone. */
  readonly media?: MediaPrice | undefined;
  readonly outputTokensMax: number | undefined;
  /** Of input and output together. */
  readonly contextTokensMax: number | undefined;
  /** Its part of the model's calls; undefined: as large as any. */
  readonly traffic?: Traffic | undefined;
  /** Whether its answers may be kept; undefined: as elsewhere. */
  readonly cache?: boolean | undefined;
  /** The most that it may be given; undefined: everything. */
  readonly classificationMax?: Classification | undefined;
}

/** Where an endpoint is, for people to see: what its URL has beside that may be a credential. */
export function placeOf({ baseUrl }: Pick<Endpoint, 'baseUrl'>): string {
  const { host, pathname, protocol } = new URL(baseUrl);
  return host === '' ? baseUrl : `${protocol}//${host}${pathname.replace(/\/$/, '')}`;
}
