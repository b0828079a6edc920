import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import type { Child } from './child.ts';

const STEP_MS = 50;

/** Asks until the answer is yes; throws what `otherwise` says when `msMax` have passed. */
export async function waitUntil(
  isSo: () => Promise<boolean>,
  { msMax, otherwise }: { msMax: number; otherwise: () => string },
): Promise<void> {
  const deadline = performance.now() + msMax;
  // One question after another is what waiting means.
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(otherwise());
    await pause(STEP_MS);
  }
}

/** Waits for a process to be ready; throws the end of its log when it ends instead, or takes too long. */
export async function waitForChild(
  child: Child,
  isReady: () => Promise<boolean>,
  msMax: number,
): Promise<void> {
  const otherwise = (): string => `${child.name} did not start:\n${child.tail()}`;
  await waitUntil(
    () => {
      if (child.hasEnded()) throw new Error(otherwise());
      return isReady();
    },
    { msMax, otherwise },
  );
}

/** Whether something listens on that loopback port. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether an HTTP server answers there with a success. */
export async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
