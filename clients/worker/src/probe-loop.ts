import { pauseAtMost } from './pause.ts';
import type { Probe } from './probe-models.ts';

export interface ProbeLoop {
  readonly probe: () => Promise<Probe[]>;
  /** `isNews`: other models are reachable than before. */
  readonly onProbed: (probes: readonly Probe[], isNews: boolean) => void;
  readonly everyMs: number;
  /** From 0 to 1: by how much of a fifth an interval is longer. */
  readonly random: () => number;
}

/** Probes again and again until it is over. */
export async function keepProbing(loop: ProbeLoop, over: AbortSignal): Promise<void> {
  let before = '';
  while (!over.aborted) {
    const probes = await loop.probe();
    if (over.aborted) return;
    const found = JSON.stringify(probes.map(({ model, reachable }) => [model, reachable]));
    loop.onProbed(probes, found !== before);
    before = found;
    await pauseAtMost(loop.everyMs * (1 + loop.random() / 5), over);
  }
}
