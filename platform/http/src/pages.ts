import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

export interface PageRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly id: string;
}

/**
 * What browsers are shown beside the endpoints. It is asked where there is no endpoint, and first only at `/`, so
 * that no endpoint waits for it.
 */
export interface Pages {
  /** False: it has nothing there, and has written nothing. */
  answer(request: PageRequest, reply: ServerResponse): Promise<boolean>;
}

export const NO_PAGES: Pages = { answer: () => Promise.resolve(false) };
