import type { CallOutput } from '@sagewai/sdk';

import { call } from '../api/server.ts';

type Journal = CallOutput<'runs.readJournal'>;

export interface WholeJournal {
  readonly steps: readonly Journal['steps'][number][];
  /** The run that this one replays. */
  readonly replayOf: string | null;
}

/** A step that has changed comes again: the later counts. */
export async function readWholeJournal(runId: string, signal: AbortSignal): Promise<WholeJournal> {
  const steps = new Map<string, Journal['steps'][number]>();
  let after = 0;
  for (;;) {
    const page: Journal = await call(
      'runs.readJournal',
      { params: { run_id: runId }, query: { after, limit: 1_000 } },
      { signal },
    );
    for (const step of page.steps) steps.set(`${step.name}#${step.ordinal}`, step);
    if (page.is_end) return { steps: [...steps.values()], replayOf: page.replay_of };
    after = page.next;
  }
}
