import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Pages } from './pages.ts';

interface At {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly path: string;
}

/** Shows a page, or goes on with `otherwise`, also when the page cannot be read. */
export async function answerPage(pages: Pages, at: At, otherwise: () => void): Promise<void> {
  const { request, reply, path } = at;
  const { method, headers, id } = request;
  const isAnswered = await pages
    .answer({ method, path, headers, id }, reply.raw)
    .catch(() => reply.raw.headersSent);
  if (isAnswered) reply.hijack();
  else otherwise();
}

/** Before the handler of an endpoint whose place browsers are shown a page at. */
export const pageFirst =
  (pages: Pages) =>
  (request: FastifyRequest, reply: FastifyReply, done: () => void): void =>
    void answerPage(pages, { request, reply, path: '/' }, done);
