import type { Egress } from '@sagewai/egress';

import type { Post } from './ask-hook.ts';

/** POSTs to webhooks through the one way out (E1 to E4), or that for what arrived by API (E6). */
export const createPost =
  (egress: Pick<Egress, 'pool'>, bytesMax: number): Post =>
  async ({ url, timeoutMs }, { headers, body }) => {
    const { pathname, search } = new URL(url);
    const answer = await egress.pool(url).request({
      method: 'POST',
      path: pathname + search,
      headers: { ...headers },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > bytesMax) throw new Error('an answer without end');
      pieces.push(piece);
    }
    return { status: answer.statusCode, text: Buffer.concat(pieces).toString() };
  };
