import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bounds what forms take of memory, all of them together. */
export interface FormRoom {
  /** False: there is no room now. What a form takes is given back when its answer is over. */
  enter(raw: Pick<IncomingMessage, 'headers'>, reply: Pick<ServerResponse, 'once'>): boolean;
}

/** `formBytesMax` is what one takes that does not say its length. */
export function createFormRoom(of: {
  readonly formBytesMax: number;
  readonly formsBytesMax: number;
}): FormRoom {
  let taken = 0;
  return {
    enter: ({ headers }, reply) => {
      const said = Number(headers['content-length'] ?? of.formBytesMax);
      const bytes = Math.min(said, of.formBytesMax);
      // One alone always has room: else a limit that is too small would refuse all for ever.
      if (taken > 0 && taken + bytes > of.formsBytesMax) return false;
      taken += bytes;
      reply.once('close', () => {
        taken -= bytes;
      });
      return true;
    },
  };
}
