import { setTimeout as pause } from 'node:timers/promises';

import type { Child } from '../common/child.ts';
import { residentMb } from '../common/process-usage.ts';
import { ask, type Target } from './ask.ts';

const LOOK_MS = 250;

/** The most memory that the gateway has taken while so many streams of a second each pass through it. */
export async function measureHeldStreams(
  generator: Child,
  { target, pid }: { readonly target: Target; readonly pid: number },
  { streams, seconds }: { readonly streams: number; readonly seconds: number },
): Promise<{ readonly mb: number; readonly streamsDone: number }> {
  let mb = 0;
  let isDone = false;
  const asked = ask(generator, target, {
    kind: 'sse',
    connections: streams,
    seconds,
    perSecond: null,
    isSlow: true,
  }).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    mb = Math.max(mb, residentMb(pid));
    await Promise.race([asked, pause(LOOK_MS)]);
  }
  const { answers } = await asked;
  return { mb, streamsDone: answers };
}
