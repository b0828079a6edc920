/**
 * The protocol of OpenID Connect, over the guarded way out: no redirect is followed, and no address is
 * called that the operator would not have called. Signatures of ID tokens are always verified.
 */
import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';
import * as oidc from 'openid-client';

import type { Claims, ClientAuthentication } from './connection.ts';
import { explainFailure } from './explain-failure.ts';

/** What of a connection is needed to speak to its provider. */
export interface OidcParty {
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly clientAuthentication: ClientAuthentication;
  /** What was found out is good for this state of the connection alone. */
  readonly changedAt: Date;
}

export interface OidcSettings {
  /** How far the clocks of the provider and this server may be apart. */
  readonly clockToleranceMs: number;
  /** How long what a provider says of itself is believed. */
  readonly discoveryTtlMs: number;
}

/** What the answer of the provider must bring back. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export type CodeExchange =
  | { readonly kind: 'claims'; readonly claims: Claims; readonly idToken: string }
  | { readonly kind: 'refused'; readonly why: string };

export interface ProviderSummary {
  readonly issuer: string;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly jwksUri: string | null;
  readonly endSessionEndpoint: string | null;
  readonly signingAlgorithms: readonly string[];
}

export interface OidcClient {
  /** Where the browser is sent. Throws `upstream.refused` when the provider cannot be read. */
  authorizationUrl(
    party: OidcParty,
    of: LoginChecks & { readonly redirectUri: string; readonly scopes: readonly string[] },
  ): Promise<URL>;
  /** Redeems the code that came back in `url`. */
  exchange(party: OidcParty, url: URL, checks: LoginChecks): Promise<CodeExchange>;
  /** Where the browser goes to sign out there as well; null when the provider has no such place. */
  endSessionUrl(
    party: OidcParty,
    of: { readonly idToken: string; readonly returnTo: string },
  ): Promise<URL | null>;
  /** Reads the provider anew. Throws `upstream.refused`, which says why. */
  describe(party: OidcParty): Promise<ProviderSummary>;
}

const ANSWER_BYTES_MAX = 1024 * 1024;
/** Keys that are younger than this are not asked for again by the library when one is missing. */
const KEYS_ASKED_AGAIN_S = 60;

interface Known {
  readonly metadata: Promise<oidc.ServerMetadata>;
  readonly changedMs: number;
  readonly readMs: number;
  /** As last read; undefined before the first sign-in. */
  keys: oidc.ExportedJWKSCache | undefined;
}

const KNOWN_MAX = 1_000;

export function createOidcClient(of: {
  readonly egress: PublicEgress;
  readonly settings: OidcSettings;
  readonly monotonicMs: () => number;
}): OidcClient {
  const { egress, settings, monotonicMs } = of;
  const known = new Map<string, Known>();
  const send = fetchThrough(egress);
  const common = { [oidc.clockTolerance]: settings.clockToleranceMs / 1_000 };
  // Plain HTTP only inside, where the operator has named the host.
  const extensionsOf = ({ issuer }: OidcParty): ((given: oidc.Configuration) => void)[] =>
    new URL(issuer).protocol === 'http:' && egress.isNamed(issuer)
      ? [oidc.allowInsecureRequests]
      : [];

  const discover = async (party: OidcParty): Promise<oidc.ServerMetadata> => {
    try {
      const found = await oidc.discovery(
        new URL(party.issuer),
        party.clientId,
        common,
        oidc.None(),
        {
          [oidc.customFetch]: send,
          execute: extensionsOf(party),
        },
      );
      return structuredClone({ ...found.serverMetadata() });
    } catch (cause) {
      throw unreadable(party, cause);
    }
  };

  const know = (party: OidcParty, isFresh = false): Known => {
    const before = known.get(party.id);
    const isGood =
      before !== undefined &&
      before.changedMs === party.changedAt.getTime() &&
      monotonicMs() - before.readMs < settings.discoveryTtlMs;
    if (isGood && !isFresh) return before;
    if (known.size >= KNOWN_MAX) known.clear();
    const asked: Known = {
      metadata: discover(party),
      changedMs: party.changedAt.getTime(),
      readMs: monotonicMs(),
      keys: undefined,
    };
    known.set(party.id, asked);
    // What failed is asked again by the next.
    asked.metadata.catch(() => known.get(party.id) === asked && known.delete(party.id));
    return asked;
  };

  /** One for each use: the library ties keys to it, and would not ask for new ones for a minute. */
  const configure = async (
    party: OidcParty,
    { metadata, keys }: Known,
    nowS: number = epochS(),
  ): Promise<oidc.Configuration> => {
    const { clientId } = party;
    const authentication = authenticationOf(party);
    const configuration = new oidc.Configuration(
      structuredClone(await metadata),
      clientId,
      common,
      authentication,
    );
    configuration[oidc.customFetch] = send;
    for (const extend of extensionsOf(party)) extend(configuration);
    oidc.enableNonRepudiationChecks(configuration); // O3
    if (keys !== undefined)
      oidc.setJwksCache(configuration, { ...keys, uat: olderOf(keys.uat, nowS) });
    return configuration;
  };

  return {
    authorizationUrl: async (party, { redirectUri, scopes, state, nonce, verifier }) => {
      const configuration = await configure(party, know(party));
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      if (!/^https?:$/.test(url.protocol)) throw unreadable(party, new Error('no web address'));
      return url;
    },

    exchange: async (party, url, { state, nonce, verifier }) => {
      const provider = know(party);
      const nowS = epochS();
      const configuration = await configure(party, provider, nowS);
      try {
        const tokens = await oidc.authorizationCodeGrant(configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const keys = oidc.getJwksCache(configuration);
        // What was only made to look older is as old as it was.
        if (keys !== undefined && keys.uat !== olderOf(provider.keys?.uat, nowS))
          provider.keys = keys;
        const claims = tokens.claims();
        const { id_token: idToken, access_token: accessToken } = tokens;
        if (claims === undefined || idToken === undefined) return refused('there is no ID token');
        const more =
          configuration.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await oidc.fetchUserInfo(configuration, accessToken, claims.sub);
        return { kind: 'claims', claims: { ...more, ...claims }, idToken };
      } catch (thrown) {
        return refused(explainFailure(thrown));
      }
    },

    endSessionUrl: async (party, { idToken, returnTo }) => {
      const configuration = await configure(party, know(party));
      if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
      return oidc.buildEndSessionUrl(configuration, {
        id_token_hint: idToken,
        post_logout_redirect_uri: returnTo,
      });
    },

    describe: async (party) => {
      const metadata = await know(party, true).metadata;
      return {
        issuer: metadata.issuer,
        authorizationEndpoint: metadata.authorization_endpoint ?? null,
        tokenEndpoint: metadata.token_endpoint ?? null,
        jwksUri: metadata.jwks_uri ?? null,
        endSessionEndpoint: metadata.end_session_endpoint ?? null,
        signingAlgorithms: metadata.id_token_signing_alg_values_supported ?? [],
      };
    },
  };
}

/**
 * The provider may have changed its keys a moment after they were read, and a code is good once: keys look
 * old enough to the library for it to ask again when one is missing. Those of five minutes are asked for anyway.
 */
const olderOf = (uat: number | undefined, nowS: number): number =>
  Math.min(uat ?? 0, nowS - KEYS_ASKED_AGAIN_S - 1);

/** The library reads the same clock. */
const epochS = (): number => Math.floor(Date.now() / 1_000);

function authenticationOf({ clientAuthentication, clientSecret }: OidcParty): oidc.ClientAuth {
  if (clientSecret === null || clientAuthentication === 'none') return oidc.None();
  return clientAuthentication === 'post'
    ? oidc.ClientSecretPost(clientSecret)
    : oidc.ClientSecretBasic(clientSecret);
}

function fetchThrough(egress: PublicEgress): oidc.CustomFetch {
  return async (url, { method, headers, body }) => {
    const answer = await egress.send(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      body:
        body instanceof URLSearchParams ? body.toString() : typeof body === 'string' ? body : null,
      bytesMax: ANSWER_BYTES_MAX,
    });
    const isEmpty = [204, 205, 304].includes(answer.status);
    const shown = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const each of Array.isArray(value) ? value : [value ?? '']) shown.append(name, each);
    }
    return new Response(isEmpty ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers: shown,
    });
  };
}

const refused = (why: string): CodeExchange => ({ kind: 'refused', why });

function unreadable({ issuer }: OidcParty, cause: unknown): Fault {
  return new Fault('upstream.refused', `the provider ${issuer} cannot be read`, {
    cause,
    detail: `The identity provider ${issuer} cannot be read: ${explainFailure(cause)}.`,
  });
}
