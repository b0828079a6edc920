import { createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { Secret } from '@sagewai/config';
import { signRequest } from '@sagewai/gateway';
import { expect, onTestFinished, test } from 'vitest';

import { parseReference } from './reference.ts';
import { resolveSecrets } from './resolve-secrets.ts';

type Answered = readonly [status: number, body: unknown];

/** A manager on a real socket that answers what the test says, by what the protocol asks for. */
async function startManager(
  answer: (request: IncomingMessage, body: string) => Answered,
): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const [status, told] = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(told));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const kv = (data: object): Answered => [200, { data: { data, metadata: { version: 3 } } }];
const always = { lifetimeMs: 0, onStale: () => undefined };

test.each([
  ['vault:secret/data/openai#key', { kind: 'vault', path: 'secret/data/openai', field: 'key' }],
  ['aws-sm:prod/openai#key', { kind: 'aws-sm', id: 'prod/openai', field: 'key' }],
  [
    'aws-sm:arn:aws:secretsmanager:eu-central-1:1:secret:x',
    { kind: 'aws-sm', id: 'arn:aws:secretsmanager:eu-central-1:1:secret:x', field: null },
  ],
  [
    'gcp-sm:projects/p-1/secrets/openai',
    { kind: 'gcp-sm', path: 'projects/p-1/secrets/openai/versions/latest', field: null },
  ],
  [
    'gcp-sm:projects/p-1/secrets/openai/versions/3#key',
    { kind: 'gcp-sm', path: 'projects/p-1/secrets/openai/versions/3', field: 'key' },
  ],
  ['file:/run/secrets/key', { kind: 'file', path: '/run/secrets/key' }],
  ['env:OTHER', { kind: 'env', name: 'OTHER' }],
  ['file:///var/objects', null],
  ['postgresql://vault:x@host/db', null],
  ['sk-abc', null],
])('%s', (written, wanted) => {
  expect(parseReference(written)).toEqual(wanted);
});

test.each([
  'vault:secret/data/x',
  'vault:a/../b#c',
  'vault:/a#b',
  'env:',
  'aws-sm:#x',
  'gcp-sm:openai',
  'gcp-sm:projects/../secrets/x/y',
])('%s is not whole', (written) => {
  expect(() => parseReference(written)).toThrow(TypeError);
});

test('files and other variables stand in place of their references; a mistake names the variable', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'key'), 'from a file\n');
  const { environment } = await resolveSecrets({
    A: `file:${join(folder, 'key')}`,
    B: 'env:C',
    C: 'there',
    D: 'as it is',
  });
  expect(environment).toEqual({ A: 'from a file', B: 'there', C: 'there', D: 'as it is' });
  const others = await resolveSecrets({ A: 'file:/nowhere/at/all' });
  expect(others.environment['A']).toBeUndefined();
  await expect(
    resolveSecrets({ A: 'env:NOWHERE', B: 'vault:x' }, { settings: ['A'] }),
  ).rejects.toMatchObject({
    mistakes: [
      expect.stringContaining('B: a reference of vault'),
      expect.stringContaining('A (env)'),
    ],
  });
});

test('Vault by a token, in a namespace', async () => {
  const url = await startManager(({ method, url: path, headers }) =>
    method === 'GET' &&
    path === '/v1/secret/data/openai' &&
    headers['x-vault-token'] === 'hvs.token' &&
    headers['x-vault-namespace'] === 'team'
      ? kv({ key: 'sk-from-vault' })
      : [403, { errors: ['permission denied'] }],
  );
  const given = {
    VAULT_ADDR: url,
    VAULT_TOKEN: 'hvs.token',
    VAULT_NAMESPACE: 'team',
    OPENAI_API_KEY: 'vault:secret/data/openai#key',
  };
  expect((await resolveSecrets(given)).environment['OPENAI_API_KEY']).toBe('sk-from-vault');
  const refused = resolveSecrets({ ...given, VAULT_TOKEN: 'hvs.wrong' });
  await expect(refused).rejects.toThrow(/OPENAI_API_KEY.*403/);
  await expect(refused).rejects.not.toThrow(/hvs/);
});

test('Vault by AppRole: logs in once, again when its token has ended; the last value stays while it is away', async () => {
  let logins = 0;
  let value = 'one';
  let isAway = false;
  const url = await startManager(({ method, url: path, headers }, body) => {
    if (isAway) return [503, { errors: [] }];
    if (path === '/v1/auth/approle/login') {
      expect(method).toBe('POST');
      expect(JSON.parse(body)).toEqual({ role_id: 'role', secret_id: 'its secret' });
      logins += 1;
      return [200, { auth: { client_token: `hvs.${logins}`, lease_duration: 60 } }];
    }
    return headers['x-vault-token'] === `hvs.${logins}` ? kv({ key: value }) : [403, {}];
  });
  const secrets = await resolveSecrets({
    VAULT_ADDR: url,
    VAULT_ROLE_ID: 'role',
    VAULT_SECRET_ID: 'its secret',
    KEY: 'vault:secret/data/a#key',
  });
  expect(secrets.environment['KEY']).toBe('one');
  expect(await secrets.refresh(always)).toBe(false);
  expect(await secrets.refresh({ ...always, lifetimeMs: 60_000 })).toBe(false);
  expect(logins).toBe(1);
  logins += 1; // The token of before is no longer good.
  value = 'two';
  expect(await secrets.refresh(always)).toBe(true);
  expect(secrets.environment['KEY']).toBe('two');
  expect(logins).toBe(3);
  isAway = true;
  const stale: string[] = [];
  const onStale = (variable: string): void => void stale.push(variable);
  expect(await secrets.refresh({ lifetimeMs: 0, onStale })).toBe(false);
  expect(stale).toEqual(['KEY']);
  expect(secrets.environment['KEY']).toBe('two');
});

test('AWS Secrets Manager: the signature is that of what was sent, and a field is picked', async () => {
  const keys = {
    accessKeyId: 'AKID',
    secretAccessKey: new Secret('aws secret'),
    sessionToken: undefined,
  };
  const url = await startManager(({ headers, method = '' }, body) => {
    const stamp = String(headers['x-amz-date']);
    const at = new Date(stamp.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
    const names = ['content-type', 'host', 'x-amz-date', 'x-amz-target'];
    const sent = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
    const wanted = signRequest(
      { method, path: '/', headers: sent, body: Buffer.from(body) },
      { keys, region: 'eu-central-1', service: 'secretsmanager', at },
    );
    if (headers.authorization !== wanted) return [403, { __type: 'InvalidSignatureException' }];
    expect(sent['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(JSON.parse(body)).toEqual({ SecretId: 'prod/keys' });
    return [200, { Name: 'prod/keys', SecretString: JSON.stringify({ openai: 'sk-from-aws' }) }];
  });
  const given = {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'aws secret',
    KEY: 'aws-sm:prod/keys#openai',
  };
  expect((await resolveSecrets(given)).environment['KEY']).toBe('sk-from-aws');
  await expect(resolveSecrets({ ...given, KEY: 'aws-sm:prod/keys#other' })).rejects.toThrow(
    'no text in a field other',
  );
  await expect(resolveSecrets({ ...given, AWS_SECRET_ACCESS_KEY: 'x' })).rejects.toThrow('403');
});

/** As Google answers: the token's place, and the secrets for who has it. */
function startGoogle(token: () => string, secrets: Readonly<Record<string, string>>) {
  return startManager(({ url: path = '', headers }) => {
    const name = /^\/v1\/(.*):access$/.exec(path)?.[1];
    if (name === undefined || headers.authorization !== `Bearer ${token()}`) return [403, {}];
    const found = secrets[name];
    if (found === undefined) return [404, {}];
    return [200, { name, payload: { data: Buffer.from(found).toString('base64') } }];
  });
}

test('Google Secret Manager by the key of a service account', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tokenUrl = await startManager((_, body) => {
    const assertion = new URLSearchParams(body).get('assertion') ?? '';
    const [head = '', claims = '', signature = ''] = assertion.split('.');
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: string };
    const isSigned = createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(publicKey, signature, 'base64url');
    const isOurs = isSigned && said.iss === 'server@p-1.iam.gserviceaccount.com';
    return isOurs ? [200, { access_token: 'ya29.key', expires_in: 3_600 }] : [400, {}];
  });
  const url = await startGoogle(() => 'ya29.key', {
    'projects/p-1/secrets/openai/versions/latest': 'sk-from-google',
    'projects/p-1/secrets/all/versions/2': JSON.stringify({ key: 'a field' }),
  });
  const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'account.json');
  const account = {
    type: 'service_account',
    client_email: 'server@p-1.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    private_key_id: 'k1',
    token_uri: `${tokenUrl}/token`,
  };
  await writeFile(file, JSON.stringify(account));
  const given = {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: url,
    GOOGLE_APPLICATION_CREDENTIALS: file,
    A: 'gcp-sm:projects/p-1/secrets/openai',
    B: 'gcp-sm:projects/p-1/secrets/all/versions/2#key',
  };
  const { environment } = await resolveSecrets(given);
  expect(environment).toMatchObject({ A: 'sk-from-google', B: 'a field' });
  const missing = { ...given, A: 'gcp-sm:projects/p-1/secrets/none' };
  await expect(resolveSecrets(missing)).rejects.toThrow(/A \(gcp-sm\).*404/);
  await writeFile(file, JSON.stringify({ ...account, type: 'authorized_user' }));
  await expect(resolveSecrets(given)).rejects.toThrow('no key of a service account');
});

test('Google Secret Manager as what the machine is told to be: another token when one has ended', async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    const isRight =
      request.url === '/computeMetadata/v1/instance/service-accounts/default/token' &&
      request.headers['metadata-flavor'] === 'Google';
    if (isRight) asked += 1;
    response.writeHead(isRight ? 200 : 403, { 'metadata-flavor': 'Google' });
    // It has a minute left: good for what was asked now, and for nothing after.
    response.end(JSON.stringify({ access_token: `ya29.${asked}`, expires_in: 60 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = await startGoogle(() => `ya29.${asked}`, {
    'projects/p-1/secrets/a/versions/latest': 'one',
  });
  const secrets = await resolveSecrets({
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: url,
    GCE_METADATA_HOST: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    A: 'gcp-sm:projects/p-1/secrets/a',
  });
  expect(secrets.environment['A']).toBe('one');
  expect(await secrets.refresh(always)).toBe(false);
  expect(asked).toBe(2);
});
