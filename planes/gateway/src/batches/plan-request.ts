import type { IncomingHttpHeaders } from 'node:http';

import type { Fault } from '@sagewai/fault';

import { findRequestFields, rewriteRequest } from '../bytes/rewrite-request.ts';
import { boundCall } from '../calls/plan-call.ts';
import type { Format } from '../formats/format.ts';
import type { ModelGroup } from '../models/model-table.ts';

export interface PlannedRequest {
  /** With the provider's own name of the model, and a cap where nothing else holds the bound. */
  readonly sent: Buffer;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly keepsHour: boolean;
}

export interface BatchRequest {
  readonly raw: Buffer;
  readonly body: Record<string, unknown>;
  /** Says which of them it is. */
  readonly mistaken: (what: string) => Fault;
}

/** One request of a batch. `group` has the one deployment that answers. Throws for what has no known price or bound (B1). */
export function planRequest(
  { raw, body, mistaken }: BatchRequest,
  {
    format,
    group,
    headers = {},
  }: {
    readonly format: Format;
    readonly group: ModelGroup;
    readonly headers?: IncomingHttpHeaders;
  },
): PlannedRequest {
  const [deployment] = group.deployments;
  if (deployment === undefined) throw new Error(`no deployment of ${group.model}`);
  const asked = format.read(body, headers);
  const what = asked.unpriced ?? (asked.serverTools === undefined ? undefined : 'tools');
  if (what !== undefined) throw mistaken(`what \`${what}\` costs in a batch is not known`);
  const found = findRequestFields(raw, format.names);
  if (found.kind === 'ambiguous')
    throw mistaken(`\`${found.name}\` is there twice, or spelt otherwise`);
  const bounds = boundCall(asked, raw.length, group, false);
  if (!isCount(bounds.inputMax) || !isCount(bounds.outputMax))
    throw mistaken('a limit in it is no count');
  const sent = rewriteRequest(raw, found.fields, {
    model: deployment.upstreamModel,
    askForUsage: false,
    cap: format.capFor(deployment, body, bounds, bounds.outputMax),
  });
  return {
    sent,
    inputTokensMax: bounds.inputMax,
    outputTokensMax: bounds.outputMax,
    keepsHour: asked.keepsHour,
  };
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
