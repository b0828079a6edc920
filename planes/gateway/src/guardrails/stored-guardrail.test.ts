import { createSecretKey } from 'node:crypto';

import { newId, sealingKey } from '@sagewai/crypto';
import type { OrganizationId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { sealSecret, type StoredGuardrail, toGuardrail } from './stored-guardrail.ts';

const keyOf = (byte: number) =>
  sealingKey(createSecretKey(Buffer.alloc(32, byte)), 'gateway-model');

test('a secret that cannot be read lets nothing pass, and does not call unsigned (W2)', () => {
  const orgId = newId<OrganizationId>();
  const id = newId();
  const row: StoredGuardrail = {
    id,
    projectId: null,
    name: 'hook',
    kind: 'webhook',
    spec: {
      action: 'redact',
      before: true,
      after: false,
      defaultOn: true,
      uninspectable: 'pass',
      entities: null,
      patterns: null,
      url: 'https://check.example/v1',
      timeoutMs: null,
    },
    sealedSecret: sealSecret([keyOf(1)], { orgId, id }, 'whsec_x'),
    createdBy: 'test',
    createdAt: new Date(0),
    updatedAt: null,
  };
  const read = toGuardrail(row, { keys: [keyOf(1)], orgId });
  expect(read).toMatchObject({ isDefault: true, find: null, hook: { timeoutMs: 5_000 } });
  expect(read.hook?.secret?.reveal()).toBe('whsec_x');
  expect(toGuardrail(row, { keys: [keyOf(2), keyOf(1)], orgId }).hook?.secret?.reveal()).toBe(
    'whsec_x',
  );
  for (const of of [
    { keys: [keyOf(2)] as const, orgId },
    { keys: [keyOf(1)] as const, orgId: newId<OrganizationId>() },
  ]) {
    expect(() => toGuardrail(row, of).hook?.secret?.reveal()).toThrow('cannot be read');
  }
});
