import { expect, test } from 'vitest';

import { readOperation } from './read-operation.ts';

const withBody = (schema: object, components: object = {}) => ({
  servers: [{ url: 'https://api.example' }],
  paths: {
    '/x': {
      post: {
        operationId: 'make',
        requestBody: { content: { 'application/json': { schema } } },
      },
    },
  },
  components,
});
const read = (document: object) =>
  readOperation({ document: document as Record<string, unknown>, operation_id: 'make' });

test('references are put in place, and what has no end is refused', () => {
  const item = { type: 'object', properties: { tags: { $ref: '#/components/schemas/Tags' } } };
  const schemas = { Item: item, Tags: { type: 'array', items: { type: 'string' } } };
  const found = read(withBody({ $ref: '#/components/schemas/Item' }, { schemas }));
  expect(found).toMatchObject({
    kind: 'read',
    inputSchema: { properties: { body: { properties: { tags: { type: 'array' } } } } },
  });
  const self = {
    schemas: { Self: { properties: { again: { $ref: '#/components/schemas/Self' } } } },
  };
  expect(read(withBody({ $ref: '#/components/schemas/Self' }, self)).kind).toBe('refused');
  expect(read(withBody({ $ref: 'https://evil.example/x.json' })).kind).toBe('refused');
  expect(read(withBody({ $ref: '#/components/schemas/None' })).kind).toBe('refused');
  expect(read(withBody({ $ref: '#/components/schemas/%zz' })).kind).toBe('refused');
  // Twice as much with each: a billion in the end.
  const bomb: Record<string, object> = { L0: { type: 'string' } };
  for (let at = 1; at < 31; at += 1) {
    const before = { $ref: `#/components/schemas/L${at - 1}` };
    bomb[`L${at}`] = { anyOf: [before, before] };
  }
  expect(read(withBody({ $ref: '#/components/schemas/L30' }, { schemas: bomb })).kind).toBe(
    'refused',
  );
});

test('a description without a whole server, or without the operation, is refused', () => {
  expect(read({ ...withBody({}), servers: [{ url: '/v1' }] }).kind).toBe('refused');
  expect(read({ paths: {} }).kind).toBe('refused');
  const beside = withBody({}).paths['/x'];
  expect(read({ ...withBody({}), paths: { '.evil.example/x': beside } }).kind).toBe('refused');
});
