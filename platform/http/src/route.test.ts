import { endpoint } from '@sagewai/wire';
import { Type } from 'typebox';
import { expect, test } from 'vitest';

import { implementOwn, type Route } from './route.ts';

const claim = endpoint({
  id: 'things.claim',
  method: 'POST',
  path: '/claim',
  surface: 'fleet',
  summary: 'Claims',
  permission: 'fleet:claim',
  audit: 'batch',
  body: Type.Object({ slots: Type.Integer() }),
  output: Type.Union([
    Type.Object({ kind: Type.Literal('claimed'), run_id: Type.String() }),
    Type.Object({ kind: Type.Literal('idle') }),
  ]),
});

/** Compiling is the test: each `@ts-expect-error` is a mistake that the compiler must find. */
test('a handler is checked against its endpoint by the compiler', () => {
  const routes: Route[] = [
    implementOwn(claim, async ({ body }) =>
      body.slots > 0 ? { kind: 'claimed' as const, run_id: 'r' } : { kind: 'idle' as const },
    ),
    // @ts-expect-error a misspelt literal
    implementOwn(claim, async () => ({ kind: 'idl' as const })),
    // @ts-expect-error a missing field
    implementOwn(claim, async () => ({ kind: 'claimed' as const })),
    // @ts-expect-error a field that the body does not declare
    implementOwn(claim, async ({ body }) => ({ kind: 'claimed' as const, run_id: body.run_id })),
  ];
  expect(routes).toHaveLength(4);
});
