import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';

import type { Head } from './attempt.ts';
import { chooseDeployment, chooseOther } from './models/choose-deployment.ts';
import type { Deployment } from './models/deployment.ts';
import type { ModelGroup } from './models/model-table.ts';
import type { Upstream } from './providers/upstream.ts';

/** Which deployment a call is sent to. Each replica learns for itself which of them fail. */
export interface Switchboard {
  choose(group: ModelGroup): Deployment;
  /** A healthy one beside the one that failed. */
  chooseOther(group: ModelGroup, failed: Deployment): Deployment | undefined;
  upstreamOf(deployment: Deployment): Upstream;
  noteFailure(deployment: Deployment, head: Head): void;
}

export function createSwitchboard(of: {
  readonly upstreamOf: (deployment: Deployment) => Upstream;
  readonly cooldownMs: number;
  readonly clock: Clock;
  readonly log: Log;
}): Switchboard {
  const { clock, cooldownMs, log } = of;
  const cooldowns = new Map<string, number>();
  const turns = new Map<string, number>();
  return {
    choose: (group) => {
      const turn = turns.get(group.model) ?? 0;
      if (group.deployments.length > 1) turns.set(group.model, (turn + 1) % 2 ** 30);
      const chosen = chooseDeployment(group.deployments, turn, cooldowns, clock.monotonicMs());
      if (chosen === undefined) throw new Error(`model ${group.model} has no deployment`);
      return chosen;
    },
    chooseOther: (group, failed) =>
      chooseOther(group.deployments, failed, cooldowns, clock.monotonicMs()),
    upstreamOf: of.upstreamOf,
    noteFailure: ({ id }, head) => {
      const now = clock.monotonicMs();
      // One line when it begins to fail, not one for each call meanwhile.
      if ((cooldowns.get(id) ?? 0) <= now) {
        const why = head.kind === 'head' ? { status: head.status } : { error: head.failure.cause };
        log.warn('a deployment failed; others are tried first for a while', {
          deployment: id,
          ...why,
        });
      }
      cooldowns.set(id, now + cooldownMs);
    },
  };
}
