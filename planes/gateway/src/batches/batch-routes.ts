import { newId } from '@sagewai/crypto';
import { asFault } from '@sagewai/fault';
import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import {
  cancelBatch,
  createBatch,
  getBatch,
  listBatches,
  type ReservationId,
  type RunId,
} from '@sagewai/wire';

import { toRefusal } from '../calls/account-call.ts';
import { readOrigin } from '../calls/call-origin.ts';
import { toGarbageFault } from '../calls/upstream-fault.ts';
import { readContexts } from '../contexts/read-contexts.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Deployment } from '../models/deployment.ts';
import { ceilingOf } from '../money/price.ts';
import { heedWhole } from '../soft-budgets/with-soft-budgets.ts';
import { answerWith, pageOf } from './answer-with.ts';
import { askProvider, BATCHES, type ProviderAnswer, refusedByProvider } from './ask-provider.ts';
import {
  type BatchParts,
  batchPriceOf,
  findDeployment,
  findWithin,
  noSuch,
  ownerOf,
  record,
  refuseField,
  tellBatch,
} from './batch-parts.ts';
import { type BatchFile, batchIdOf, type Manifest, readBatchId } from './batch.ts';
import {
  endBatch,
  findBatch,
  findFile,
  insertBatch,
  listBatchesOf,
  openBatch,
} from './batches.sql.ts';

/** The longest that a reservation lasts; a settlement after that corrects what was booked in its place. */
const RESERVED_MS = 86_400_000;

export function batchRoutes(parts: BatchParts): Route[] {
  const { db } = parts;
  return [
    implementStream(createBatch, async (input) => {
      const { input_file_id: fileId, endpoint } = input.body;
      const owner = ownerOf(input.caller);
      const file = await inTenant(db, [owner.orgId], (tx) => findFile(tx, owner, fileId));
      if (file === null || file.manifest === null) throw noSuch('file');
      const { manifest } = file;
      if (manifest.endpoint !== endpoint) {
        throw refuseField('endpoint', `must be ${manifest.endpoint}, as in the file`);
      }
      const group = await findWithin(input, manifest.model, parts.catalogue);
      const deployment = group.deployments.find(({ id }) => id === file.deployment);
      if (deployment === undefined) {
        throw refuseField('input_file_id', 'is at a deployment that is not there any more');
      }
      await heedWhole(input, parts.judgeSpend);
      answerWith(input, await make(input, { file, manifest, deployment }, parts));
    }),

    implementStream(listBatches, async (input) => {
      const owner = ownerOf(input.caller);
      const { limit = 20, after } = input.query;
      const place = after === undefined ? null : readBatchId(after);
      const page = { limit, after: place };
      const batches = await inTenant(db, [owner.orgId], (tx) => listBatchesOf(tx, owner, page));
      answerWith(
        input,
        pageOf(
          batches.map(({ said }) => said ?? {}),
          limit,
        ),
      );
    }),

    implementStream(getBatch, (input) =>
      ask(input, input.params.batch_id, { method: 'GET', below: '' }, parts),
    ),

    implementStream(cancelBatch, (input) =>
      ask(input, input.params.batch_id, { method: 'POST', below: '/cancel' }, parts),
    ),
  ];
}

interface Made {
  readonly file: BatchFile;
  readonly manifest: Manifest;
  readonly deployment: Deployment;
}

/** Reserved, then sent (B1). What may have been taken is left reserved, and expires as unknown (B2). */
async function make(input: StreamInput, of: Made, parts: BatchParts): Promise<JsonObject> {
  const { db, switchboard, settings } = parts;
  const { file, manifest, deployment } = of;
  const owner = ownerOf(input.caller);
  const id = newId<ReservationId>();
  const end = (state: 'settled' | 'lost'): Promise<void> =>
    inTenant(db, [owner.orgId], (tx) => endBatch(tx, owner.orgId, { id, state }));
  await inTenant(db, [owner.orgId], (tx) =>
    insertBatch(tx, owner, {
      id,
      deployment: deployment.id,
      inputFileId: file.id,
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
  const { metadata } = input.body as { metadata?: unknown };
  let answer: ProviderAnswer;
  let mayBeTaken = true;
  try {
    answer = await askProvider(switchboard, deployment, {
      of: BATCHES,
      method: 'POST',
      below: '',
      body: Buffer.from(
        JSON.stringify({
          input_file_id: file.providerId,
          endpoint: manifest.endpoint,
          completion_window: '24h',
          ...(metadata === undefined ? {} : { metadata }),
        }),
      ),
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
    throw refusedByProvider(answer);
  }
  const { id: providerId } = answer.body;
  if (typeof providerId !== 'string') {
    await end('lost');
    throw toGarbageFault(deployment, 'a batch without an id');
  }
  await inTenant(db, [owner.orgId], async (tx) => {
    await openBatch(tx, owner, { id, providerId, dueInMs: settings.askMs });
    await record(tx, input, { action: createBatch.id, subject: batchIdOf(id) });
  });
  const batch = { id, inputFileId: file.id };
  return tellBatch(parts, owner, { batch, deployment, model: manifest.model }, answer.body);
}

async function reserve(
  { caller, request }: StreamInput,
  id: ReservationId,
  { manifest, deployment }: Made,
  { ledger }: BatchParts,
): Promise<void> {
  const detail = caller.detail as CallerDetail;
  const price = batchPriceOf(deployment);
  if (price === undefined) throw refuseField('input_file_id', 'has a model without a price');
  const ceiling = ceilingOf([price]);
  const { orgId, projectId } = caller;
  if (orgId === null || projectId === null) throw new Error('a model caller without a project');
  const reservation = await ledger.reserve({
    id,
    orgId,
    projectId,
    keyId: detail.keyId,
    teamId: detail.policy?.teamId ?? null,
    personId: detail.policy?.personId ?? null,
    tags: detail.policy?.tags ?? [],
    runId: detail.runId as RunId | null,
    model: manifest.model,
    deployment: deployment.id,
    price: { ...ceiling, perCall: ceiling.perCall * BigInt(manifest.requests) },
    inputTokensMax: manifest.inputTokensMax,
    outputTokens: manifest.outputTokensMax,
    mayCap: false,
    expiresInMs: RESERVED_MS,
    ...readOrigin(request.headers),
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

async function ask(
  input: StreamInput,
  named: string,
  { method, below }: { readonly method: 'GET' | 'POST'; readonly below: string },
  parts: BatchParts,
): Promise<void> {
  const { db, switchboard } = parts;
  const owner = ownerOf(input.caller);
  const id = readBatchId(named);
  const found =
    id &&
    (await inTenant(db, [owner.orgId], async (tx) => {
      const batch = await findBatch(tx, owner, id); // B3
      const file = batch && (await findFile(tx, owner, batch.inputFileId));
      return batch && { batch, model: file?.manifest?.model };
    }));
  const deployment = found && (await findDeployment(parts, found.batch.deployment, input.caller));
  if (!found || !deployment || found.batch.providerId === null) throw noSuch('batch');
  const { batch, model = deployment.model } = found;
  const answer = await askProvider(switchboard, deployment, {
    of: BATCHES,
    method,
    below: `/${encodeURIComponent(batch.providerId ?? '')}${below}`,
  });
  if (answer.status === 404) throw noSuch('batch');
  if (answer.status >= 300) throw refusedByProvider(answer);
  if (method === 'POST') {
    const of = { action: cancelBatch.id, subject: batchIdOf(batch.id) };
    await inTenant(db, [owner.orgId], (tx) => record(tx, input, of));
  }
  answerWith(input, await tellBatch(parts, owner, { batch, deployment, model }, answer.body));
}
