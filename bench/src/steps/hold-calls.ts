import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Bench } from '../common/bench.ts';

export interface HeldCalls {
  readonly url: string;
  /** So many calls are under way. */
  readonly held: Promise<void>;
  /** Answers them, and all that come after. */
  release(): void;
}

/** A model that answers nobody until it is told to, so that all its callers stand beside each other. */
export async function holdCalls(bench: Bench, count: number): Promise<HeldCalls> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let under = 0;
  const server = createServer((request, response) => {
    request.resume();
    under += 1;
    if (under === count) held.resolve();
    void released.promise.then(() => {
      response.setHeader('content-type', 'application/json');
      const message = { role: 'assistant', content: 'I am here.' };
      response.end(
        JSON.stringify({
          model: 'held',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  bench.teardown.defer('the model', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, held: held.promise, release: () => released.resolve() };
}
