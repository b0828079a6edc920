import { inPool, matching, type Reason } from './reason.ts';

/** Each label and selector that some workers of the pool lack; only while no worker has them all. */
export const labelsMissing: Reason = {
  code: 'labels_missing',
  explain: (facts) => {
    const there = inPool(facts);
    if (facts.state !== 'queued' || matching(facts).length > 0 || there.length === 0) return null;
    const missing = new Map<string, number>();
    for (const { lacks } of there) {
      for (const { code, what } of lacks) {
        if (code !== 'label' && code !== 'selector') continue;
        missing.set(what, (missing.get(what) ?? 0) + 1);
      }
    }
    if (missing.size === 0) return null;
    const parts = [...missing]
      .toSorted(([, one], [, other]) => other - one)
      .map(([what, count]) => `${what} is missing on ${count} of ${there.length}`);
    return `In pool ${facts.requirement.pool}, ${parts.join('; ')}.`;
  },
};
