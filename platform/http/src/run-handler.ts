import { Fault } from '@sagewai/fault';
import { inTenant, inTransaction, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Exchange } from './exchange.ts';
import type { Parts } from './parse.ts';
import type { Pipeline } from './pipeline.ts';
import type { Binding, OwnInput } from './route.ts';

type Bound<Kind extends Binding['kind']> = Extract<Binding, { kind: Kind }>;

/** Runs the handler and returns the JSON text of its answer; null: no content. */
export function runHandler(
  exchange: Exchange,
  binding: Exclude<Binding, { kind: 'stream' }>,
  parts: Parts,
  pipeline: Pipeline,
): Promise<string | null> {
  const input = toInput(exchange, parts);
  switch (binding.kind) {
    case 'tenant':
      return runInTenant(exchange, binding, input, pipeline);
    case 'platform':
      return inTransaction(pipeline.db, async (tx) => {
        const output = await binding.handle({ ...input, tx });
        return finish(exchange, output, { tx, orgId: null }, pipeline);
      });
    case 'own':
      return runOwn(exchange, binding, input);
  }
}

async function runInTenant(
  exchange: Exchange,
  { organization, handle }: Bound<'tenant'>,
  input: OwnInput,
  pipeline: Pipeline,
): Promise<string | null> {
  const orgId = organization(exchange.caller);
  if (orgId === null) {
    throw new Fault('organization.required', 'the caller has no organization', {
      detail: 'Say which organization in the header X-Organization.',
    });
  }
  return inTenant(pipeline.db, [orgId], async (tx) => {
    const output = await handle({ ...input, orgId, tx });
    return finish(exchange, output, { tx, orgId }, pipeline);
  });
}

async function runOwn(
  exchange: Exchange,
  { handle }: Bound<'own'>,
  input: OwnInput,
): Promise<string | null> {
  return exchange.plan.serialise(await handle(input));
}

/**
 * Inside the transaction. Serialising first: output that does not match is our bug, and a bug commits
 * nothing (H4). The audit entry comes last: its chain is the most contended lock there is.
 */
async function finish(
  exchange: Exchange,
  output: unknown,
  { tx, orgId }: { tx: Tx; orgId: OrganizationId | null },
  { auditor }: Pipeline,
): Promise<string | null> {
  const text = exchange.plan.serialise(output);
  if (exchange.endpoint.audit === 'record') await auditor.succeeded(tx, exchange.toSuccess(orgId));
  return text;
}

function toInput(exchange: Exchange, { params, query, body }: Parts): OwnInput {
  return {
    params,
    query,
    body,
    caller: exchange.caller,
    request: exchange,
    audit: exchange,
    setHeader: (name, value) => {
      exchange.headersOut[name] = value;
    },
  };
}
