import type { Egress } from '@sagewai/egress';

import { forward, type Way } from './forward.ts';
import type { Target } from './target.ts';

/** A gateway in another process, by the product's one way out. */
export function remoteTarget(of: {
  readonly url: string;
  readonly egress: Egress;
  readonly probeTimeoutMs: number;
  readonly onUnreachable: () => void;
}): Target {
  const { url, egress, probeTimeoutMs, onUnreachable } = of;
  const { pathname, origin } = new URL(url);
  const basePath = pathname.replace(/\/+$/, '');
  const connections = egress.pool(url);
  const way: Way = { connections, basePath, onUnreachable };
  return {
    name: `${origin}${basePath}`,
    handle: (request, response, passage) => forward(way, request, response, passage),
    probe: async () => {
      try {
        const answer = await connections.request({
          method: 'GET',
          path: `${basePath}/readyz`,
          signal: AbortSignal.timeout(probeTimeoutMs),
        });
        await answer.body.dump();
        // One that does not know the question answers requests all the same.
        return answer.statusCode < 500 ? null : `it answers ${answer.statusCode}`;
      } catch (error) {
        const { code, name } = error as NodeJS.ErrnoException;
        return name === 'TimeoutError'
          ? 'it does not answer in time'
          : (code ?? 'it does not answer');
      }
    },
    close: () => Promise.resolve(),
  };
}
