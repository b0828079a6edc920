import { expect, test } from 'vitest';

import { type Candidate, chooseDeployment, rollOf } from './choose-deployment.ts';

/** A replica that sees its own calls alone. */
class Replica {
  readonly inFlight = [0, 0];
  #turn = 0;

  begin(): number {
    const candidates = this.inFlight.map((inFlight, index): Candidate => ({
      id: `d${index}`,
      weight: 1,
      order: 0,
      isCooling: false,
      isFull: false,
      inFlight,
      latencyMs: null,
      tokensThisMinute: 0,
      cost: null,
    }));
    const of = {
      strategy: 'least-busy',
      roll: rollOf(this.#turn++),
      tried: new Set<string>(),
    } as const;
    const { chosen = 0 } = chooseDeployment(candidates, of);
    this.inFlight[chosen] = (this.inFlight[chosen] ?? 0) + 1;
    return chosen;
  }

  end(deployment: number): void {
    this.inFlight[deployment] = (this.inFlight[deployment] ?? 0) - 1;
  }
}

/** Calls of the same length, in waves: the oldest end when as many begin. */
test('replicas that do not know of each other keep deployments even, to within their number', () => {
  const replicas = [new Replica(), new Replica(), new Replica()];
  const underWay: [Replica, number][] = [];
  let widest = 0;
  for (let call = 0; call < 3 * 400; call++) {
    // Unevenly spread over the replicas, as a balancer in front of them may do.
    const replica = replicas[(call * 7 + (call >> 3)) % 3];
    if (replica === undefined) throw new Error('no replica');
    underWay.push([replica, replica.begin()]);
    if (underWay.length > 90) {
      const [ended, deployment] = underWay.shift() ?? [];
      if (ended !== undefined && deployment !== undefined) ended.end(deployment);
    }
    const sum = (deployment: number): number =>
      replicas.reduce((total, each) => total + (each.inFlight[deployment] ?? 0), 0);
    widest = Math.max(widest, Math.abs(sum(0) - sum(1)));
  }
  expect(widest).toBeLessThanOrEqual(replicas.length);
});
