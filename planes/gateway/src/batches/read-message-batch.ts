import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';

import { findElements, findFields, type Span, watch } from '../bytes/find-fields.ts';
import { MESSAGES } from '../formats/messages.ts';
import type { ModelGroup } from '../models/model-table.ts';
import type { Manifest } from './batch.ts';
import { planRequest } from './plan-request.ts';

const TOP = watch(['requests']);
const EACH = watch(['custom_id', 'params']);

interface Request {
  readonly index: number;
  /** Of its parameters, in the body of all. */
  readonly span: Span;
  readonly params: Record<string, unknown>;
}

export interface MessageBatch {
  readonly raw: Buffer;
  readonly model: string;
  readonly requests: readonly Request[];
}

interface Given {
  readonly requests: readonly {
    readonly custom_id: string;
    readonly params: Record<string, unknown>;
  }[];
}

/** The requests of a batch, all of one model. Throws, and says which, where one is none. */
export function readMessageBatch(raw: Buffer, { requests: given }: Given): MessageBatch {
  const top = findFields(raw, 0, TOP);
  const list = top.kind === 'found' ? top.spans.get('requests') : undefined;
  if (list === undefined) throw refuse('/requests', 'is there twice, or spelt otherwise');
  const spans = findElements(raw, list.start);
  const ids = new Set<string>();
  let model: unknown;
  const requests = given.map(({ custom_id: id, params }, index): Request => {
    if (ids.has(id)) throw mistaken(index, '`custom_id` is there twice');
    ids.add(id);
    if (!isRequest(params)) throw mistaken(index, '`params` is no request of messages');
    if (params['model'] !== (model ??= params['model']))
      throw mistaken(index, 'all requests of a batch have one `model` here');
    if (params['stream'] === true) throw mistaken(index, '`stream` is not for batches');
    const found = findFields(raw, spans[index]?.start ?? raw.length, EACH);
    const span = found.kind === 'found' ? found.spans.get('params') : undefined;
    if (span === undefined) throw mistaken(index, 'a field is there twice, or spelt otherwise');
    return { index, span, params };
  });
  return { raw, model: String(model), requests };
}

/** What is sent, and the most that it can take (B1). `group` has the one deployment that answers. */
export function planMessageBatch(
  { raw, requests }: MessageBatch,
  { group, headers }: { readonly group: ModelGroup; readonly headers: IncomingHttpHeaders },
): { readonly body: Buffer; readonly manifest: Manifest } {
  const pieces: Buffer[] = [];
  let [from, inputTokensMax, outputTokensMax, keepsHour] = [0, 0, 0, false];
  for (const { index, span, params } of requests) {
    const request = {
      raw: raw.subarray(span.start, span.end),
      body: params,
      mistaken: (what: string) => mistaken(index, what),
    };
    const planned = planRequest(request, { format: MESSAGES, group, headers });
    pieces.push(raw.subarray(from, span.start), planned.sent);
    from = span.end;
    inputTokensMax += planned.inputTokensMax;
    outputTokensMax += planned.outputTokensMax;
    keepsHour ||= planned.keepsHour;
  }
  pieces.push(raw.subarray(from));
  const manifest = {
    model: group.model,
    endpoint: '/v1/messages',
    requests: requests.length,
    inputTokensMax,
    outputTokensMax,
    ...(keepsHour ? { keepsHour } : {}),
  };
  return { body: Buffer.concat(pieces), manifest };
}

/** What decides the price or the bound; the provider checks the rest. */
function isRequest({ model, messages, max_tokens: most }: Record<string, unknown>): boolean {
  return (
    typeof model === 'string' && model !== '' && Array.isArray(messages) && Number.isInteger(most)
  );
}

const mistaken = (index: number, what: string): Fault => refuse(`/requests/${index}`, what);

function refuse(path: string, message: string): Fault {
  return new Fault('request.invalid', 'a request of a batch is refused', {
    detail: `body${path}: ${message}`,
    mistakes: [{ part: 'body', path, message }],
  });
}
