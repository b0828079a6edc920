import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { cancelBatch, createBatch, getBatch, listBatches } from '@sagewai/wire';

import { heedWhole } from '../soft-budgets/with-soft-budgets.ts';
import { answerWith, pageOf } from './answer-with.ts';
import { askProvider, BATCHES, refusedByProvider } from './ask-provider.ts';
import {
  type BatchParts,
  findDeployment,
  findWithin,
  noSuch,
  ownerOf,
  record,
  refuseField,
  tellBatch,
} from './batch-parts.ts';
import { batchIdOf, readBatchId } from './batch.ts';
import { findBatch, findFile, listBatchesOf } from './batches.sql.ts';
import { makeBatch } from './make-batch.ts';

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
      const { metadata } = input.body;
      const made = await makeBatch(
        input,
        {
          deployment,
          manifest,
          inputFileId: file.id,
          question: {
            of: BATCHES,
            body: Buffer.from(
              JSON.stringify({
                input_file_id: file.providerId,
                endpoint: manifest.endpoint,
                completion_window: '24h',
                ...(metadata === undefined ? {} : { metadata }),
              }),
            ),
          },
          action: createBatch.id,
        },
        parts,
      );
      if (made.kind === 'refused') throw refusedByProvider(made.answer);
      answerWith(input, made.told);
    }),

    implementStream(listBatches, async (input) => {
      const owner = ownerOf(input.caller);
      const { limit = 20, after } = input.query;
      const place = after === undefined ? null : readBatchId(after);
      const page = { limit, after: place, before: null, isOfMessages: false };
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
      if (batch?.inputFileId == null) return null;
      const file = await findFile(tx, owner, batch.inputFileId);
      return { batch, model: file?.manifest?.model };
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
