import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import type { ContextLimits } from '@sagewai/ledger';
import { parseUsd } from '@sagewai/wire';

/** Limits that a call brings along: `tokens=100000,requests=60,usd=100`, the outer context first. */
export const CONTEXT_HEADER = 'x-sagewai-context';

/** One in another one in another one … */
const CONTEXTS_MAX = 8;
const ONE =
  /^tokens=(0|[1-9]\d{0,11}),requests=(0|[1-9]\d{0,8}),usd=((?:0|[1-9]\d{0,11})(?:\.\d{1,12})?)$/;

/** Undefined for a call that says nothing, as almost every call does. */
export function readContexts(headers: IncomingHttpHeaders): ContextLimits[] | undefined {
  const given = headers[CONTEXT_HEADER];
  if (given === undefined) return undefined;
  const parts = String(given)
    .split(';')
    .map((part) => part.trim());
  if (parts.length > CONTEXTS_MAX) throw mistaken(`has at most ${CONTEXTS_MAX} contexts`);
  return parts.map(readOne);
}

function readOne(text: string): ContextLimits {
  const [, tokens, requests, usd] = ONE.exec(text) ?? [];
  if (tokens === undefined || requests === undefined || usd === undefined) {
    throw mistaken('must be like tokens=100000,requests=60,usd=100');
  }
  return {
    tokensPerMinute: BigInt(tokens),
    requestsPerMinute: BigInt(requests),
    usdPerDay: parseUsd(usd),
  };
}

function mistaken(message: string): Fault {
  return new Fault('request.invalid', 'the contexts of a call cannot be read', {
    detail: `${CONTEXT_HEADER} ${message}.`,
    mistakes: [{ part: 'headers', path: `/${CONTEXT_HEADER}`, message }],
  });
}
