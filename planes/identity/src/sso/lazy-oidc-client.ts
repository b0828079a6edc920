import type { createOidcClient, OidcClient } from './oidc-client.ts';

type Options = Parameters<typeof createOidcClient>[0];

/** The protocol's library is loaded by the first that signs in: most servers have no identity provider. */
export function lazyOidcClient(options: Options): OidcClient {
  let opened: Promise<OidcClient> | null = null;
  const open = (): Promise<OidcClient> =>
    (opened ??= import('./oidc-client.ts').then((module) => module.createOidcClient(options)));
  return {
    authorizationUrl: async (party, of) => (await open()).authorizationUrl(party, of),
    exchange: async (party, url, checks) => (await open()).exchange(party, url, checks),
    endSessionUrl: async (party, of) => (await open()).endSessionUrl(party, of),
    describe: async (party) => (await open()).describe(party),
  };
}
