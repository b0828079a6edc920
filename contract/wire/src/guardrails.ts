import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { textOrNull } from './schemas.ts';

const action = Type.Union([Type.Literal('block'), Type.Literal('redact'), Type.Literal('flag')]);

/** A rule about what models are given to read, and what they write. */
const guardrail = Type.Object({
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('pii'),
    Type.Literal('secrets'),
    Type.Literal('regex'),
    Type.Literal('webhook'),
  ]),
  action,
  /** Whether it sees what a model is to read, and what it wrote. */
  before: Type.Boolean(),
  after: Type.Boolean(),
  /** For every call. */
  default_on: Type.Boolean(),
  projects: Type.Array(Type.String()),
  /** What becomes of images, files and other parts that are no text. */
  uninspectable: Type.Union([Type.Literal('pass'), Type.Literal('block')]),
  looks_for: Type.Array(Type.String()),
});

export const listGuardrails = endpoint({
  id: 'gateway.listGuardrails',
  method: 'GET',
  path: '/api/v1/guardrails',
  surface: 'own',
  summary: 'List the guardrails that model calls may pass',
  permission: 'project:read',
  audit: 'read',
  output: Type.Object({ guardrails: Type.Array(guardrail) }),
});

export const testGuardrail = endpoint({
  id: 'gateway.testGuardrail',
  method: 'POST',
  path: '/api/v1/guardrails/test',
  surface: 'own',
  summary: 'Say what a guardrail finds in a text; the text is kept nowhere',
  permission: 'project:read',
  audit: 'read',
  body: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    text: Type.String({ maxLength: 1_000_000 }),
  }),
  output: Type.Object({
    verdict: Type.Union([Type.Literal('pass'), action]),
    /** Characters as JavaScript counts them. */
    found: Type.Array(
      Type.Object({ start: Type.Integer(), end: Type.Integer(), what: Type.String() }),
    ),
    /** As it would be passed on, where something is redacted. */
    text: textOrNull,
  }),
});

export const GUARDRAIL_ENDPOINTS = [listGuardrails, testGuardrail] as const;
