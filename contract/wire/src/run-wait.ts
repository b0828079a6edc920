import { Type } from 'typebox';

import { instant, textOrNull } from './schemas.ts';
import { epoch } from './worker.ts';

export const waitKind = Type.Union([
  Type.Literal('approval'),
  Type.Literal('signal'),
  Type.Literal('children'),
]);

/** What a run waits for. */
export const wait = Type.Object({
  /** Names this wait: whoever answers may say which one it means. */
  wait: epoch,
  for: waitKind,
  name: Type.String(),
  prompt: textOrNull,
  since: instant,
  until: instant,
});

/** What has ended the latest wait of a run, as its next claim is told. */
export const resume = Type.Object({
  kind: Type.Union([
    Type.Literal('approved'),
    Type.Literal('denied'),
    Type.Literal('signal'),
    /** All of its children are over. */
    Type.Literal('children'),
    Type.Literal('timeout'),
  ]),
  name: Type.String(),
  value: Type.Unknown(),
  /** Who did; null for a timeout. */
  by: textOrNull,
});
