import { Type } from 'typebox';

export const guardrailAction = Type.Union([
  Type.Literal('block'),
  Type.Literal('redact'),
  Type.Literal('flag'),
]);

export const guardrailKind = Type.Union([
  Type.Literal('pii'),
  Type.Literal('secrets'),
  Type.Literal('regex'),
  Type.Literal('webhook'),
]);
export const uninspectable = Type.Union([Type.Literal('pass'), Type.Literal('block')]);
export const guardrailPattern = Type.Object({
  name: Type.String({ pattern: '^[\\w][\\w.-]{0,99}$' }),
  pattern: Type.String({
    minLength: 1,
    maxLength: 2_000,
    description: 'In the syntax of RE2, which has neither look-around nor back references',
  }),
});
