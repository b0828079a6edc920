/** What a worker found when it asked whoever answers its model calls. */
import { Type } from 'typebox';

import { orNull, textOrNull } from './schemas.ts';
import { model, PRINTABLE_PATTERN } from './tags.ts';

export const probe = Type.Object({
  model,
  /** Null: there is nobody to ask. The model counts as served. */
  reachable: orNull(Type.Boolean()),
  latency_ms: orNull(Type.Number({ minimum: 0 })),
  error: orNull(Type.String({ maxLength: 500, pattern: PRINTABLE_PATTERN })),
});

export const probeResult = Type.Object({
  model: Type.String(),
  reachable: orNull(Type.Boolean()),
  latency_ms: orNull(Type.Number()),
  error: textOrNull,
});

export const probeStatus = Type.Union([
  Type.Literal('healthy'),
  Type.Literal('degraded'),
  Type.Literal('unknown'),
]);
