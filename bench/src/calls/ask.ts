import { once } from 'node:events';

import type { Child } from '../common/child.ts';
import type { Contender } from '../gateway/contender.ts';
import type { Load, Outcome } from '../gateway/generator/load.ts';
import { type Kind, requestBody } from '../gateway/scripted-answer.ts';

/** Where calls go: a gateway, or the provider itself. */
export type Target = Pick<Contender, 'ports' | 'path' | 'headers'>;

export interface Demand extends Pick<Load, 'connections' | 'seconds' | 'perSecond'> {
  readonly kind: Kind;
  /** Streams that take a second. */
  readonly isSlow?: boolean;
}

/** Has the generator ask, and waits for what comes of it; throws when an answer was wrong. */
export async function ask(
  generator: Child,
  target: Target,
  { isSlow = false, ...demand }: Demand,
): Promise<Outcome> {
  const { ports, path, headers } = target;
  const load: Load = { ports, path, headers, body: requestBody(demand.kind, isSlow), ...demand };
  generator.process.send(load);
  const [outcome] = (await once(generator.process, 'message')) as [Outcome];
  if (outcome.mistake !== null)
    throw new Error(`${outcome.mistakes} wrong answers: ${outcome.mistake}`);
  return outcome;
}
