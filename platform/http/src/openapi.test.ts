import { endpoint } from '@sagewai/wire';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Type } from 'typebox';
import { expect, test } from 'vitest';

import { createFixture } from './app-fixture.ts';
import { implementOwn } from './route.ts';

const claim = endpoint({
  id: 'fleet.claim',
  method: 'POST',
  path: '/api/v1/fleet/pools/{pool}/claim',
  surface: 'fleet',
  summary: 'Claims',
  permission: 'fleet:claim',
  audit: 'batch',
  params: Type.Object({ pool: Type.String() }),
  query: Type.Object({
    limit: Type.Integer({ default: 5 }),
    after: Type.Optional(Type.String({ description: 'A cursor.' })),
  }),
  body: Type.Object({ slots: Type.Integer({ examples: [4] }) }),
  output: Type.Union([Type.Object({ run_id: Type.String() }), Type.Null()]),
});

const remove = endpoint({
  id: 'things.remove',
  method: 'DELETE',
  path: '/api/v1/things',
  surface: 'own',
  summary: 'Removes',
  permission: 'run:cancel',
  audit: 'record',
  output: Type.Null(),
  status: 204,
});

/** The part of the OpenAPI 3.1 rules that a generator can get wrong; references are checked below. */
const rules = {
  type: 'object',
  required: ['openapi', 'info', 'paths', 'components'],
  properties: {
    openapi: { const: '3.1.0' },
    info: { type: 'object', required: ['title', 'version'] },
    paths: {
      type: 'object',
      patternProperties: {
        '^/': {
          type: 'object',
          propertyNames: { enum: ['get', 'post', 'put', 'patch', 'delete'] },
          additionalProperties: { $ref: '#/$defs/operation' },
        },
      },
      additionalProperties: false,
    },
  },
  $defs: {
    operation: {
      type: 'object',
      required: ['operationId', 'responses', 'security'],
      properties: {
        parameters: { type: 'array', items: { $ref: '#/$defs/parameter' } },
        requestBody: { type: 'object', required: ['content'] },
        responses: {
          type: 'object',
          required: ['default'],
          propertyNames: { pattern: '^([1-5]\\d\\d|default)$' },
          additionalProperties: { type: 'object', required: ['description'] },
        },
        security: { type: 'array', items: { type: 'object' } },
      },
    },
    parameter: {
      oneOf: [
        { type: 'object', required: ['$ref'], additionalProperties: { type: 'string' } },
        {
          type: 'object',
          required: ['name', 'in', 'schema'],
          anyOf: [
            { properties: { in: { const: 'path' }, required: { const: true } } },
            { properties: { in: { enum: ['query', 'header'] } } },
          ],
        },
      ],
    },
  },
};

const watch = endpoint({
  id: 'things.watch',
  method: 'GET',
  path: '/api/v1/fleet/things',
  surface: 'fleet',
  summary: 'Watches',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({}),
  mediaTypes: ['application/json', 'text/event-stream'],
});

interface Document {
  paths: Record<
    string,
    Record<string, { parameters: object[]; responses: object; security: object }>
  >;
  components: { securitySchemes: object };
}

async function readDocument(): Promise<Document> {
  const { app } = createFixture([
    implementOwn(claim, async () => null),
    implementOwn(remove, async () => null),
    implementOwn(watch, async () => ({})),
  ]);
  const answer = await app.inject({ url: '/openapi.json' });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return answer.json<Document>();
}

test('the document keeps the rules of OpenAPI 3.1', async () => {
  const document = await readDocument();
  const validate = new Ajv2020({ strict: false }).compile(rules);
  validate(document);
  expect(validate.errors).toBeNull();
});

test('every reference leads somewhere, and so does every security requirement', async () => {
  const document = await readDocument();
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(0);
  for (const [, pointer = ''] of references) {
    const target = pointer
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
    expect({ pointer, target }).toMatchObject({ pointer, target: expect.any(Object) });
  }
  const schemes = Object.keys(document.components.securitySchemes);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  for (const { security } of operations) {
    const named = (security as object[]).flatMap((requirement) => Object.keys(requirement));
    expect(schemes).toEqual(expect.arrayContaining(named));
  }
});

test('an operation has its parameters, its answers and its errors', async () => {
  const { paths } = await readDocument();
  expect(Object.keys(paths)).toEqual([claim.path, remove.path, watch.path, '/openapi.json']);
  expect(paths[claim.path]?.['post']).toMatchObject({
    operationId: 'fleet.claim',
    parameters: [
      { name: 'pool', in: 'path', required: true },
      { name: 'limit', in: 'query', required: false },
      { name: 'after', in: 'query', required: false, description: 'A cursor.' },
    ],
    requestBody: { required: true },
    responses: { 200: {}, 204: {}, default: { content: { 'application/json': {} } } },
  });
  expect(Object.keys(paths[remove.path]?.['delete']?.responses ?? {})).toEqual(['204', 'default']);
});

test('whatever an access token may call names the headers that choose organization and project', async () => {
  const { paths } = await readDocument();
  const headers = ['organization', 'project'].map((name) => ({
    $ref: `#/components/parameters/${name}`,
  }));
  expect(paths[remove.path]?.['delete']?.parameters).toEqual(headers);
  expect(paths[watch.path]?.['get']?.parameters).toEqual(headers);
  expect(paths[claim.path]?.['post']?.parameters).not.toContainEqual(headers[0]);
});

test('an answer that may come in several forms names them all', async () => {
  const { paths } = await readDocument();
  expect(paths[watch.path]?.['get']?.responses).toMatchObject({
    200: { content: { 'application/json': { schema: {} }, 'text/event-stream': {} } },
  });
});
