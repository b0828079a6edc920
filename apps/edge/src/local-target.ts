import type { IncomingMessage, ServerResponse } from 'node:http';

import type { OpenServer } from '@sagewai/server/open';

import { refuse } from './refuse.ts';
import type { Target } from './target.ts';

interface Opened {
  readonly gateway: OpenServer;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * The whole gateway in this process. It is opened behind a listener that answers already: a database that is
 * not up yet, or a migration that takes its time, is not a process that has died.
 */
export function localTarget(of: {
  readonly open: () => Promise<OpenServer | 'stopped'>;
  readonly onFailure: (error: unknown) => void;
}): Target {
  let opened: Opened | null = null;
  const opening = (async () => {
    try {
      const gateway = await of.open();
      if (gateway === 'stopped') return;
      opened = { gateway, answer: await gateway.server.app.answerer() };
    } catch (error) {
      of.onFailure(error);
    }
  })();
  return {
    name: 'this process',
    handle: (request, response, passage) => {
      if (opened === null) return refuse(response, 'starting', passage);
      request.url = passage.url;
      request.headers['x-request-id'] = passage.requestId;
      opened.answer(request, response);
    },
    probe: async () => {
      if (opened === null) return 'it is not up yet';
      const { statusCode } = await opened.gateway.server.app.inject({ url: '/readyz' });
      return statusCode === 200 ? null : `it answers ${statusCode}`;
    },
    close: async (limitMs) => {
      await opening;
      await opened?.gateway.close(limitMs);
    },
  };
}
