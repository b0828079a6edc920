import { newId } from '@sagewai/crypto';
import { asFault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import type { ReservationId, RunId } from '@sagewai/wire';

import { toRefusal } from '../calls/account-call.ts';
import { readOrigin, tagsOf } from '../calls/call-origin.ts';
import { toGarbageFault } from '../calls/upstream-fault.ts';
import { readContexts } from '../contexts/read-contexts.ts';
import { readEndUser } from '../facet-limits/read-end-user.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Deployment } from '../models/deployment.ts';
import { ceilingOf } from '../money/price.ts';
import { askProvider, type ProviderAnswer, type Question } from './ask-provider.ts';
import {
  type BatchParts,
  batchPriceOf,
  ownerOf,
  record,
  refuseField,
  tellBatch,
} from './batch-parts.ts';
import { batchIdOf, type Manifest, messageBatchIdOf } from './batch.ts';
import { endBatch, insertBatch, openBatch } from './batches.sql.ts';

/** The longest that a reservation lasts; a settlement after that corrects what was booked in its place. */
const RESERVED_MS = 86_400_000;

export interface BatchToMake {
  readonly deployment: Deployment;
  readonly manifest: Manifest;
  /** Null: its requests are in the question. */
  readonly inputFileId: string | null;
  readonly question: Pick<Question, 'of' | 'body' | 'passed' | 'query'>;
  /** As the audit log has it. */
  readonly action: string;
}

export type MadeBatch =
  | { readonly kind: 'made'; readonly told: JsonObject }
  | { readonly kind: 'refused'; readonly answer: ProviderAnswer };

/** Reserved, then sent (B1). What may have been taken is left reserved, and expires as unknown (B2). */
export async function makeBatch(
  input: StreamInput,
  of: BatchToMake,
  parts: BatchParts,
): Promise<MadeBatch> {
  const { db, switchboard, settings } = parts;
  const { deployment, manifest, inputFileId } = of;
  const owner = ownerOf(input.caller);
  const id = newId<ReservationId>();
  const end = (state: 'settled' | 'lost'): Promise<void> =>
    inTenant(db, [owner.orgId], (tx) => endBatch(tx, owner.orgId, { id, state }));
  await inTenant(db, [owner.orgId], (tx) =>
    insertBatch(tx, owner, {
      id,
      deployment: deployment.id,
      inputFileId,
      manifest: inputFileId === null ? manifest : null,
      dueInMs: settings.askMs,
    }),
  );
  try {
    await reserve(input, id, of, parts);
  } catch (error) {
    await end('settled');
    throw error;
  }
  const give = (): Promise<unknown> => settleNothing(parts, owner.orgId, { id, deployment });
  let answer: ProviderAnswer;
  let mayBeTaken = true;
  try {
    answer = await askProvider(switchboard, deployment, {
      ...of.question,
      method: 'POST',
      below: '',
      onNothing: () => {
        mayBeTaken = false;
      },
    });
  } catch (error) {
    if (!mayBeTaken) await give();
    await end(mayBeTaken ? 'lost' : 'settled');
    throw asFault(error);
  }
  if (!mayBeTaken) {
    await give();
    await end('settled');
    return { kind: 'refused', answer };
  }
  const { id: providerId } = answer.body;
  if (typeof providerId !== 'string') {
    await end('lost');
    throw toGarbageFault(deployment, 'a batch without an id');
  }
  const subject = inputFileId === null ? messageBatchIdOf(id) : batchIdOf(id);
  await inTenant(db, [owner.orgId], async (tx) => {
    await openBatch(tx, owner, { id, providerId, dueInMs: settings.askMs });
    await record(tx, input, { action: of.action, subject });
  });
  const batch = { id, inputFileId };
  const told = await tellBatch(
    parts,
    owner,
    { batch, deployment, model: manifest.model },
    answer.body,
  );
  return { kind: 'made', told };
}

async function reserve(
  { caller, request }: StreamInput,
  id: ReservationId,
  { manifest, deployment, inputFileId }: BatchToMake,
  { ledger }: BatchParts,
): Promise<void> {
  const detail = caller.detail as CallerDetail;
  if (detail.policy?.enforced !== undefined) {
    const why = 'is not for this key: it demands parameters, which are not looked for in batches';
    throw refuseField(inputFileId === null ? 'requests' : 'input_file_id', why);
  }
  const price = batchPriceOf(deployment);
  if (price === undefined) {
    const field = inputFileId === null ? 'requests' : 'input_file_id';
    throw refuseField(field, 'has a model without a price');
  }
  const ceiling = ceilingOf([price], manifest.keepsHour);
  const { orgId, projectId } = caller;
  if (orgId === null || projectId === null) throw new Error('a model caller without a project');
  const reservation = await ledger.reserve({
    id,
    orgId,
    projectId,
    keyId: detail.keyId,
    teamId: detail.policy?.teamId ?? null,
    personId: detail.policy?.personId ?? null,
    tags: tagsOf(detail.policy?.tags ?? [], request.headers),
    runId: detail.runId as RunId | null,
    model: manifest.model,
    deployment: deployment.id,
    price: { ...ceiling, perCall: ceiling.perCall * BigInt(manifest.requests) },
    inputTokensMax: manifest.inputTokensMax,
    outputTokens: manifest.outputTokensMax,
    mayCap: false,
    expiresInMs: RESERVED_MS,
    isLasting: true,
    ...readOrigin(request.headers),
    // Whoever its requests are for, it is one call: of the end user that a header names.
    endUser: readEndUser(request.headers, null),
    contexts: readContexts(request.headers),
  });
  if (reservation.kind === 'refused') throw toRefusal(reservation);
}

function settleNothing(
  { ledger }: BatchParts,
  orgId: ReturnType<typeof ownerOf>['orgId'],
  { id, deployment }: { readonly id: ReservationId; readonly deployment: Deployment },
): Promise<unknown> {
  return ledger.settle({
    id,
    orgId,
    costPusd: 0n,
    inputTokens: 0,
    outputTokens: 0,
    usageSource: 'provider',
    status: 'error',
    deployment: deployment.id,
    provider: deployment.endpoint.provider,
  });
}
