import { describe, expect, test } from 'vitest';

import { addressesOf } from '../models/deployment.ts';
import { DEFAULT_ROUTING } from '../routing/routing.ts';
import { readLitellmConfig } from './read-litellm-config.ts';
import { noticeText } from './section.ts';

const ACCOUNT = {
  type: 'service_account',
  project_id: 'house',
  private_key_id: 'k1',
  private_key: 'PEM-secret',
  client_email: 'a@house.example',
  token_uri: 'https://tokens.example/token',
};
const FILES: Readonly<Record<string, string>> = {
  '/etc/account.json': JSON.stringify(ACCOUNT),
  '/var/token': 'eyJh.eyJz.c2ln\n',
};

function read(params: Readonly<Record<string, unknown>>, info?: object, env = {}) {
  const about = info === undefined ? {} : { model_info: info };
  const list = [{ model_name: 'm', litellm_params: params, ...about }];
  return readLitellmConfig(JSON.stringify({ model_list: list }), {
    env: { AZURE_API_KEY: 'az-secret', ...env },
    at: new Date('2026-11-21T12:00:00Z'),
    routing: DEFAULT_ROUTING,
    readFile: (path) => FILES[path],
  });
}

function deploymentOf(...of: Parameters<typeof read>) {
  const config = read(...of);
  if (config.kind !== 'read') throw new Error(config.mistakes.map(noticeText).join('\n'));
  expect(config.notices).toEqual([]);
  const [deployment] = config.deployments;
  if (deployment === undefined) throw new Error('none');
  return deployment;
}

const azure = { model: 'azure/house-4o', api_key: 'os.environ/AZURE_API_KEY' };
const resource = 'https://r.openai.azure.com';
const at = (version: string): string =>
  `${resource}/openai/deployments/house-4o?api-version=${version}`;

describe('a deployment at Azure', () => {
  test.each([
    [{ api_base: resource, api_version: '2025-02-01-preview' }, at('2025-02-01-preview')],
    [{ api_base: `${resource}/` }, at('2024-10-21')],
    [
      { api_base: `${resource}/openai/deployments/other`, api_version: '2024-10-21' },
      at('2024-10-21'),
    ],
    [{ api_base: resource, api_version: 'v1' }, `${resource}/openai/v1`],
    [{ api_base: resource, api_version: 'preview' }, `${resource}/openai/v1?api-version=preview`],
    [{ api_base: `${resource}/openai/v1/` }, `${resource}/openai/v1`],
  ])('%j is at its own place', (params, baseUrl) => {
    const { endpoint, upstreamModel } = deploymentOf({ ...azure, ...params });
    expect(endpoint).toMatchObject({ provider: 'azure', baseUrl });
    expect(endpoint.credential?.reveal()).toBe('az-secret');
    expect(upstreamModel).toBe('house-4o');
  });

  test('has the price of its base model, else of what its name says, else none (M4)', () => {
    const params = { ...azure, api_base: resource };
    expect(deploymentOf(params).price).toBeUndefined();
    const { price, outputTokensMax } = deploymentOf(params, { base_model: 'azure/gpt-4o' });
    expect(price?.rates).toMatchObject({ input: 2_500_000n, output: 10_000_000n });
    expect(outputTokensMax).toBe(16_384);
    const named = deploymentOf({ ...params, model: 'azure/gpt-4o' });
    expect(named.price).toEqual(price);
  });
});

describe('a deployment at Azure with a client of Entra ID', () => {
  const params = { model: 'azure/gpt-4o', api_base: resource };
  const client = { tenant_id: 'house.example', client_id: 'c-1', client_secret: 'entra-secret' };

  test('asks for tokens of its tenant, and its address is one that is called (M6)', () => {
    const { endpoint } = deploymentOf({ ...params, ...client });
    const tokenUrl = 'https://login.microsoftonline.com/house.example/oauth2/v2.0/token';
    expect(endpoint).toMatchObject({
      provider: 'azure',
      authorization: {
        kind: 'entra',
        clientId: 'c-1',
        scope: 'https://cognitiveservices.azure.com/.default',
        tokenUrl,
      },
    });
    expect(addressesOf(endpoint)).toEqual([
      at('2024-10-21').replace('house-4o', 'gpt-4o'),
      tokenUrl,
    ]);
  });

  test('takes what stands in the environment where the entry has no key', () => {
    const env = {
      AZURE_TENANT_ID: 't',
      AZURE_CLIENT_ID: 'c',
      AZURE_CLIENT_SECRET: 's',
      AZURE_AUTHORITY_HOST: 'https://login.example/',
    };
    expect(deploymentOf(params, undefined, env).endpoint.authorization).toMatchObject({
      tokenUrl: 'https://login.example/t/oauth2/v2.0/token',
    });
    const keyed = deploymentOf({ ...azure, api_base: resource }, undefined, env);
    expect(keyed.endpoint.authorization).toBeUndefined();
  });

  test('is refused or left out with its line, and without a word of its secret', () => {
    const told = (more: object): string => {
      const config = read({ ...params, ...client, ...more });
      return (config.kind === 'refused' ? config.mistakes : config.notices).map(noticeText).join();
    };
    expect(told({ tenant_id: '../x' })).toMatch(/tenant_id/);
    expect(told({ client_id: undefined })).toMatch(/client_id.*needed/);
    expect(told({ client_secret: 'os.environ/NOT_SET' })).toMatch(/NOT_SET is not set/);
    expect(told({ tenant_id: '../x' })).not.toMatch(/entra-secret/);
  });
});

describe('a model of Vertex AI', () => {
  const vertex = { vertex_project: 'p-1', vertex_location: 'europe-west1' };
  test('is reached by its project and location, with tokens of its account (M6)', () => {
    const { endpoint, price, outputTokensMax } = deploymentOf({
      ...vertex,
      model: 'vertex_ai/gemini-2.5-flash',
      vertex_credentials: ACCOUNT,
    });
    expect(endpoint).toMatchObject({
      provider: 'vertex',
      baseUrl:
        'https://europe-west1-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west1/publishers/google',
      authorization: { email: 'a@house.example', keyId: 'k1', tokenUrl: ACCOUNT.token_uri },
    });
    expect(price).toBeDefined();
    expect(outputTokensMax).toBe(65_536);
  });

  test.each([
    ['a file', { vertex_credentials: '/etc/account.json' }, {}],
    ['a text', { vertex_credentials: JSON.stringify(ACCOUNT) }, {}],
    ['the environment', { vertex_credentials: 'os.environ/ACC' }, { ACC: JSON.stringify(ACCOUNT) }],
    ['what Google’s clients read', {}, { GOOGLE_APPLICATION_CREDENTIALS: '/etc/account.json' }],
  ])('has its account from %s, and its project from the account', (_what, params, env) => {
    const { endpoint } = deploymentOf(
      { ...params, model: 'vertex_ai/claude-sonnet-4-5@20250929', vertex_location: 'global' },
      undefined,
      env,
    );
    expect(endpoint).toMatchObject({
      provider: 'vertex-claude',
      baseUrl:
        'https://aiplatform.googleapis.com/v1/projects/house/locations/global/publishers/anthropic',
    });
  });

  test('is refused or left out with its line, and without a word of its account', () => {
    const mistakes = (params: object): string => {
      const config = read({ model: 'vertex_ai/gemini-2.5-flash', ...params });
      const told = config.kind === 'refused' ? config.mistakes : config.notices;
      return told.map(noticeText).join();
    };
    const vertex_credentials = ACCOUNT;
    expect(mistakes({})).toMatch(/vertex_credentials.*service account/);
    expect(mistakes({ vertex_credentials: '/etc/other.json' })).toMatch(/service account/);
    expect(mistakes({ vertex_credentials: '{"private_key":"PEM-secret"}' })).not.toMatch(/PEM/);
    expect(mistakes({ vertex_credentials, vertex_location: 'evil.example/x' })).toMatch(/location/);
    expect(mistakes({ vertex_credentials, vertex_project: '../x' })).toMatch(/vertex_project/);
    expect(mistakes({ vertex_credentials, model: 'vertex_ai/meta/llama' })).toMatch(/gemini-…/);
    expect(
      read({ model: 'vertex_ai/gemini-2.5-flash', vertex_credentials: 'os.environ/X' }),
    ).toMatchObject({
      kind: 'read',
      deployments: [],
    });
  });
});

describe('a model of Bedrock', () => {
  const named = {
    model: 'bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    aws_region_name: 'eu-west-1',
  };
  const own = { aws_access_key_id: 'AKID', aws_secret_access_key: 'aws-secret' };

  test('is reached in its region with its own keys, for its own price (M4, M6)', () => {
    const env = { AWS_BEARER_TOKEN_BEDROCK: 'house', AWS_SESSION_TOKEN: 'house' };
    const { endpoint, ...deployment } = deploymentOf({ ...named, ...own }, undefined, env);
    expect(endpoint).toMatchObject({
      provider: 'bedrock',
      baseUrl: 'https://bedrock-runtime.eu-west-1.amazonaws.com',
      authorization: { region: 'eu-west-1', keys: { accessKeyId: 'AKID' } },
    });
    const { authorization } = endpoint;
    expect(authorization).not.toMatchObject({ keys: { sessionToken: expect.anything() } });
    expect(deployment).toMatchObject({
      upstreamModel: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      outputTokensMax: 64_000,
      price: { rates: { input: 3_300_000n } },
    });
  });

  test.each([
    [{ AWS_BEARER_TOKEN_BEDROCK: 'b', AWS_ACCESS_KEY_ID: 'A' }, 'b', undefined],
    [{ AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }, 's', 'A'],
  ])('takes what stands in the environment: %j', (env, secret, id) => {
    const { endpoint } = deploymentOf({ model: named.model }, undefined, {
      ...env,
      AWS_REGION: 'us-east-1',
    });
    expect(endpoint.credential?.reveal()).toBe(secret);
    const { authorization } = endpoint;
    if (id === undefined) expect(authorization).toBeUndefined();
    else expect(authorization).toMatchObject({ keys: { accessKeyId: id } });
  });

  const role = 'arn:aws:iam::123456789012:role/models';
  const identity = 'eyJh.eyJz.c2ln';

  test.each([
    [{ ...own, api_key: 'b', aws_role_name: role, aws_external_id: 'x-1' }, {}, 'keys'],
    [{ aws_role_name: role, aws_web_identity_token: identity }, {}, 'token'],
    [{ ...own, aws_role_name: role, aws_web_identity_token: '/var/token' }, {}, 'token'],
    [{}, { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: '/var/token' }, 'token'],
  ])('with a role has its rights: %j %j', (params, env, by) => {
    const { endpoint } = deploymentOf({ ...named, ...params }, undefined, env);
    expect(endpoint.authorization).toMatchObject({
      kind: 'aws',
      keys: { arn: role, by: { kind: by }, stsUrl: 'https://sts.eu-west-1.amazonaws.com/' },
    });
    expect(endpoint.credential).not.toBeNull();
    expect(addressesOf(endpoint)).toContain('https://sts.eu-west-1.amazonaws.com/');
  });

  test('is refused or left out with its line, and without a word of its keys', () => {
    const mistakes = (params: object): string => {
      const config = read({ model: 'bedrock/amazon.nova-pro-v1:0', ...params });
      const told = config.kind === 'refused' ? config.mistakes : config.notices;
      return told.map(noticeText).join();
    };
    expect(mistakes(own)).toMatch(/aws_region_name/);
    expect(mistakes({ ...own, aws_region_name: 'evil.example/x' })).toMatch(/aws_region_name/);
    const region = { aws_region_name: 'us-east-1' };
    expect(mistakes({ ...region, ...own, aws_profile_name: 'x' })).toMatch(/aws_profile_name/);
    expect(mistakes({ ...region, ...own, aws_role_name: 'models' })).toMatch(/arn:aws:iam/);
    expect(mistakes({ ...region, aws_role_name: role })).toMatch(/a role needs keys/);
    expect(
      mistakes({ ...region, ...own, aws_role_name: role, aws_web_identity_token: '/no/file' }),
    ).toMatch(/aws_web_identity_token.*a role needs keys/);
    expect(mistakes({ aws_region_name: 'us-east-1', aws_secret_access_key: 'aws-secret' })).toMatch(
      /^(?!.*aws-secret$).*aws_access_key_id/,
    );
  });
});
