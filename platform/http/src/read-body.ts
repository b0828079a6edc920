import type { IncomingMessage } from 'node:http';

import { Fault } from '@sagewai/fault';

import type { Plan } from './plan.ts';
import { isForm } from './read-form.ts';

/**
 * Reads a body of JSON, or a form, without parsing it; undefined when there is none. `done` is called once, with the
 * bytes or with what went wrong. What exceeds the limit is not kept, and the rest is let through to
 * nowhere, so that the caller can read its answer.
 */
export function readBody(
  raw: IncomingMessage,
  {
    bodyBytesMax: bytesMax,
    takesForm,
    takesRaw,
  }: Pick<Plan, 'bodyBytesMax' | 'takesForm' | 'takesRaw'>,
  done: (failure: unknown, bytes: Buffer | undefined) => void,
): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = raw.headers;
  if (encoding === undefined && (length === undefined || length === '0')) {
    done(null, undefined);
    return;
  }
  const type = raw.headers['content-type'];
  if (!takesRaw && !(takesForm ? isForm(type) : isJson(type))) {
    const wanted = takesForm ? 'multipart/form-data, with a boundary' : 'application/json';
    const detail = `Send the body as ${wanted}.`;
    done(new Fault('request.unsupported', 'another content type', { detail }), undefined);
    return;
  }
  if (length !== undefined && Number(length) > bytesMax) {
    done(tooLarge(), undefined);
    return;
  }
  collect(raw, bytesMax, done);
}

function collect(
  raw: IncomingMessage,
  bytesMax: number,
  done: (failure: unknown, bytes: Buffer | undefined) => void,
): void {
  let chunks: Buffer[] = [];
  let size = 0;
  const end = (failure: unknown): void => {
    raw.off('data', take).off('end', end).off('error', end);
    raw.on('error', ignore);
    if (failure instanceof Error) done(failure, undefined);
    else done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
  };
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= bytesMax) {
      chunks.push(chunk);
      return;
    }
    chunks = [];
    end(tooLarge());
    raw.resume();
  };
  raw.on('data', take).on('end', end).on('error', end);
}

/** The connection may still break while the answer is under way; the response notices by itself. */
function ignore(): void {}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
}

function tooLarge(): Fault {
  return new Fault('request.too_large', 'body exceeds the limit');
}
