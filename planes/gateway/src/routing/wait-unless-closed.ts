import type { ServerResponse } from 'node:http';

/** Resolves after the time, or at once when nobody waits for the answer any more. */
export function waitUnlessClosed(
  reply: Pick<ServerResponse, 'on' | 'off' | 'destroyed'>,
  ms: number,
): Promise<void> {
  if (reply.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      reply.off('close', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    reply.on('close', end);
  });
}
