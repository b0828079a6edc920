import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import { readInputUsage, type Usage } from '../money/usage.ts';

interface Event {
  readonly type?: unknown;
  readonly response?: unknown;
}

/** The usage of a stream of Responses stands in its last event, with the whole answer. */
export class ResponsesReader implements EventReader {
  usage: Usage | undefined;
  readonly begun = undefined;

  read(data: string): EventKind {
    const { type, response } = (parseData(data) ?? {}) as Event;
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        this.usage = readInputUsage(response) ?? this.usage;
        return 'last';
      case 'response.failed':
        this.usage = readInputUsage(response) ?? this.usage;
        return 'failure';
      case 'error':
        return 'failure';
      default:
        return 'content';
    }
  }
}
