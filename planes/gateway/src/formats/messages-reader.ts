import { type JsonObject, latestUsage } from '@sagewai/translate';

import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import type { Usage } from '../money/usage.ts';
import { readMessagesUsage } from './messages-usage.ts';

interface Event {
  readonly type?: unknown;
  readonly message?: { readonly usage?: JsonObject | null } | null;
  readonly usage?: JsonObject | null;
}

/**
 * The usage of a stream of messages. The first event tells the input, and an output that is only a
 * place to start from; each `message_delta` tells all that was used so far, and may tell less.
 */
export class MessagesReader implements EventReader {
  usage: Usage | undefined;
  begun: Usage | undefined;
  #told: JsonObject = {};

  read(data: string): EventKind {
    const event = (parseData(data) ?? {}) as Event;
    switch (event.type) {
      case 'message_start':
        this.#told = latestUsage(this.#told, event.message?.usage ?? {});
        this.begun = readMessagesUsage(this.#told);
        return 'content';
      case 'message_delta':
        if (!event.usage) return 'content';
        this.#told = latestUsage(this.#told, event.usage);
        this.usage = readMessagesUsage(this.#told);
        return 'usage';
      case 'message_stop':
        return 'last';
      case 'error':
        return 'failure';
      default:
        return 'content';
    }
  }
}
