/**
 * A real identity provider in a process of its own: who signs in, and with which keys it signs, the test
 * says at /control. Ends when its standard input does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair } from 'jose';
// @ts-expect-error -- it brings no types
import { Provider as UntypedProvider } from 'oidc-provider';

interface Control {
  /** Who signs in from now on. */
  account?: Readonly<Record<string, unknown>>;
  clients?: readonly object[];
  /** New keys; those before are no longer published. */
  rotate?: boolean;
}

interface Provider {
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ params: Record<string, string>; prompt: { name: string }; grantId?: string }>;
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: object,
  ): Promise<void>;
  readonly Grant: new (of: object) => {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  };
}
const Provider = UntypedProvider as new (issuer: string, configuration: object) => Provider;

let account: Readonly<Record<string, unknown>> = { sub: 'nobody' };
let clients: readonly object[] = [];
let serve: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const server = createServer((request, response) => void handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  void renew(`http://127.0.0.1:${port}`).then(() => console.log(JSON.stringify({ port })));
});
process.stdin.on('end', () => process.exit(0)).resume();

async function renew(issuer: string): Promise<void> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), use: 'sig', kid: crypto.randomUUID() };
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [key] },
    cookies: { keys: ['of the test'] },
    pkce: { required: () => true },
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ ...account, sub: id }),
    }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
  });
  const answer = provider.callback();
  serve = (request, response) => {
    if (request.url?.startsWith('/interaction/') === true)
      void interact(provider, request, response);
    else answer(request, response);
  };
}

/** Signs in and consents without asking anybody. */
async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const accountId = String(account['sub']);
  const grant = new provider.Grant({ accountId, clientId: params['client_id'] });
  grant.addOIDCScope(params['scope'] ?? 'openid');
  const result =
    prompt.name === 'login'
      ? { login: { accountId } }
      : { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/control') {
    serve(request, response);
    return;
  }
  let text = '';
  for await (const piece of request) text += String(piece);
  const control = JSON.parse(text) as Control;
  account = control.account ?? account;
  clients = control.clients ?? clients;
  if (control.clients !== undefined || control.rotate === true) {
    await renew(`http://${request.headers.host}`);
  }
  response.end('{}');
}
