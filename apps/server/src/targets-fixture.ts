import { newId } from '@sagewai/crypto';
import type { Endpoint } from '@sagewai/wire';

import { canHold, fillSchema, type Shape } from './fill-schema-fixture.ts';
import type { Answer, Request } from './served-fixture.ts';

const CHAT = { messages: [{ role: 'user', content: 'x' }] };
const EMAIL = { email: 'new@people.test' };
/** What a schema does not say of a body that is accepted, by endpoint. */
const VALID: Readonly<Record<string, object>> = {
  'fleet.claimRuns': { poll_timeout: 0 },
  'gateway.createChatCompletion': CHAT,
  'gateway.passAnthropicMessage': CHAT,
  'gateway.passAzureChat': CHAT,
  'gateway.passAzureDeploymentChat': CHAT,
  'gateway.passOpenaiChat': CHAT,
  'identity.confirmTotp': { code: '123456' },
  'identity.createInvitation': { ...EMAIL, role: 'viewer' },
  'identity.createRole': { permissions: ['run:read'] },
  'identity.setUp': EMAIL,
  'identity.signIn': EMAIL,
  'scim.createGroup': { displayName: 'group' },
  'scim.createUser': { userName: 'user@people.test' },
  'scim.patchGroup': { Operations: [{ op: 'replace', path: 'displayName', value: 'group' }] },
  'scim.patchUser': { Operations: [{ op: 'replace', path: 'displayName', value: 'user' }] },
  'scim.replaceGroup': { displayName: 'group' },
  'scim.replaceUser': { userName: 'user@people.test' },
  'sso.createConnection': { client_authentication: 'none' },
  'sso.exchangeCode': { code: 'c'.repeat(43), verifier: 'v'.repeat(43) },
  'triggers.createTrigger': { webhook: { scheme: 'standard' }, run: { payload: {} } },
  'webhooks.createWebhook': { url: 'https://203.0.113.1/x', events: ['run.*'] },
};

/** The path with nothing in it but what the schemas need; the text where they let it stand. */
export function leastPath(endpoint: Endpoint, text: string, also = ''): string {
  const params = propertiesOf(endpoint.params);
  const path = endpoint.path.replaceAll(/\{([^}]*)\}/g, (_, name: string) =>
    encodeURIComponent(String(fillSchema(params[name] ?? { type: 'string' }, text))),
  );
  const { required = [] } = (endpoint.query ?? {}) as Shape;
  const told = Object.entries(propertiesOf(endpoint.query)).filter(
    ([name]) => required.includes(name) || name === also,
  );
  const pairs = told.map(([name, shape]) => [name, String(fillSchema(shape, text))]);
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs).toString()}`;
}

/** The body with nothing in it but what is needed for it to be accepted. */
export function leastBody(endpoint: Endpoint, text: string): object | undefined {
  if (endpoint.body === undefined) return undefined;
  return { ...(fillSchema(endpoint.body as Shape, text) as object), ...VALID[endpoint.id] };
}

/** Where a text can be thrown at an endpoint. */
export function* targetsOf(endpoint: Endpoint): Generator<(text: string) => Request> {
  const { method } = endpoint;
  const probe = newId();
  const least = (text: string, also = ''): Request =>
    toRequest(
      endpoint,
      { method, path: leastPath(endpoint, text, also) },
      leastBody(endpoint, text),
    );
  if (endpoint.params !== undefined) {
    for (const accept of endpoint.mediaTypes ?? ['*/*']) {
      yield (text) => {
        const request = least(text);
        return { ...request, headers: { accept, ...request.headers } };
      };
    }
  }
  for (const [name, shape] of Object.entries(propertiesOf(endpoint.query))) {
    if (canHold(shape, probe)) yield (text) => least(text, name);
  }
  for (const [name, shape] of Object.entries(propertiesOf(endpoint.body))) {
    if (!canHold(shape, probe)) continue;
    yield (text) => {
      const body = { ...leastBody(endpoint, text), [name]: fillSchema(shape, text, true) };
      return toRequest(endpoint, { method, path: leastPath(endpoint, text) }, body);
    };
  }
}

const propertiesOf = (schema: unknown): Readonly<Record<string, Shape>> =>
  (schema as Shape | undefined)?.properties ?? {};

/** As JSON, or as the form that the endpoint reads. */
export function toRequest(
  { bodyType }: Endpoint,
  request: Request,
  body: object | undefined,
): Request {
  if (body === undefined) return request;
  if (bodyType !== 'form') return { ...request, body };
  const parts = Object.entries(body).map(([name, value]) => {
    const file = ['file', 'image', 'mask'].includes(name) ? `; filename="${name}.bin"` : '';
    return `--part\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${String(value)}\r\n`;
  });
  return {
    ...request,
    body: `${parts.join('')}--part--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=part' },
  };
}

/** Its answer as it is, and in each format that it can be asked for. */
export function pagesOf(endpoint: Endpoint): string[] {
  const path = leastPath(endpoint, 'organization');
  const format = (endpoint.query as Shape | undefined)?.properties?.['format'];
  const formats = (format?.anyOf ?? []).flatMap(({ const: name }) =>
    typeof name === 'string' ? [name] : [],
  );
  return [path, ...formats.map((name) => withQuery(path, 'format', name))];
}

export const withQuery = (path: string, name: string, value: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams([[name, value]]).toString()}`;

export const limited = ({ method, path }: Request): Request => ({
  method,
  path: withQuery(path, 'limit', '1'),
});

/** Where the next page begins. */
export function cursorIn({ text }: Answer): string | null {
  return /"next_cursor":\s*"([^"]+)"/.exec(text)?.[1] ?? null;
}
