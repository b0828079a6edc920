import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 25;

/**
 * Asks until there is an answer that is neither null nor false. For what gives no signal of its own;
 * throws what `otherwise` says when `msMax` have passed.
 */
export async function waitUntil<T>(
  ask: () => Promise<T | null | false> | T | null | false,
  { msMax = 20_000, otherwise }: { msMax?: number; otherwise: string | (() => string) },
): Promise<T> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) {
      throw new Error(typeof otherwise === 'string' ? otherwise : otherwise());
    }
    await pause(STEP_MS);
  }
}
