import { Fault } from '@sagewai/fault';
import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import {
  cancelMessageBatch,
  createMessageBatch,
  deleteMessageBatch,
  getMessageBatch,
  listMessageBatches,
  readMessageBatchResults,
} from '@sagewai/wire';

import { passedHeaders } from '../answers/pass-headers.ts';
import { bridgeTo } from '../formats/bridge.ts';
import { MESSAGES } from '../formats/messages.ts';
import type { Deployment } from '../models/deployment.ts';
import { heedWhole } from '../soft-budgets/with-soft-budgets.ts';
import { answerWith } from './answer-with.ts';
import { askProvider, type ProviderAnswer, type Question } from './ask-provider.ts';
import {
  batchGroupOf,
  type BatchParts,
  findDeployment,
  findWithin,
  noSuch,
  ownerOf,
  record,
  refuseField,
  tellBatch,
} from './batch-parts.ts';
import { MESSAGE_SURFACE } from './batch-surface.ts';
import { type Batch, messageBatchIdOf, readBatchId } from './batch.ts';
import { findBatch, listBatchesOf, markBatchDeleted, type Owner } from './batches.sql.ts';
import { makeBatch } from './make-batch.ts';
import { passContent } from './pass-content.ts';
import { planMessageBatch, readMessageBatch } from './read-message-batch.ts';
import { look } from './settle-batches.ts';

/** Anthropic's batches: reserved, booked and owned as files of requests are (B1–B3). */
export function messageBatchRoutes(parts: BatchParts): Route[] {
  const { db } = parts;
  return [
    implementStream(createMessageBatch, async (input) => {
      const read = readMessageBatch(input.raw, input.body);
      const { group, deployment } = await place(input, read.model, parts);
      const { headers } = input.request;
      const { body, manifest } = planMessageBatch(read, { group, headers });
      await heedWhole(input, parts.judgeSpend);
      const question = { of: MESSAGE_SURFACE.of, body, ...passedOf(input) };
      const made = await makeBatch(
        input,
        { deployment, manifest, inputFileId: null, question, action: createMessageBatch.id },
        parts,
      );
      if (made.kind === 'refused') pass(input, made.answer);
      else answerWith(input, made.told);
    }),

    implementStream(listMessageBatches, async (input) => {
      const owner = ownerOf(input.caller);
      const { limit = 20, after_id: after, before_id: before } = input.query;
      const page = {
        limit,
        after: after === undefined ? null : readBatchId(after),
        before: before === undefined ? null : readBatchId(before),
        isOfMessages: true,
      };
      const found = await inTenant(db, [owner.orgId], (tx) => listBatchesOf(tx, owner, page));
      const said = found.map((batch) => batch.said ?? {});
      const data = page.before === null ? said.slice(0, limit) : said.slice(-limit);
      const [first_id = null, last_id = null] = [data[0]?.['id'], data.at(-1)?.['id']];
      answerWith(input, { data, has_more: said.length > limit, first_id, last_id });
    }),

    implementStream(getMessageBatch, (input) => ask(input, { method: 'GET', below: '' }, parts)),

    implementStream(cancelMessageBatch, (input) =>
      ask(input, { method: 'POST', below: '/cancel', action: cancelMessageBatch.id }, parts),
    ),

    implementStream(readMessageBatchResults, async (input) => {
      const { batch, deployment } = await find(input, parts);
      await passContent(
        input,
        {
          deployment,
          question: { of: MESSAGE_SURFACE.of, method: 'GET', below: `${at(batch)}/results` },
          contentType: 'application/x-jsonl',
          missing: noSuch('batch'),
        },
        parts,
      );
    }),

    implementStream(deleteMessageBatch, async (input) => {
      const { batch, deployment, owner } = await find(input, parts);
      await settle(batch, owner, parts);
      const question = { of: MESSAGE_SURFACE.of, method: 'DELETE', below: at(batch) } as const;
      const answer = await askProvider(parts.switchboard, deployment, question);
      // What it does not know any more is deleted as well.
      if (answer.status >= 300 && answer.status !== 404) return pass(input, answer);
      const id = messageBatchIdOf(batch.id);
      await inTenant(db, [owner.orgId], async (tx) => {
        await markBatchDeleted(tx, owner, batch.id);
        await record(tx, input, { action: deleteMessageBatch.id, subject: id });
      });
      answerWith(input, { id, type: 'message_batch_deleted' });
    }),
  ];
}

/** The one deployment that answers, and what it asks for in a batch. */
async function place(input: StreamInput, model: string, { catalogue }: BatchParts) {
  const found = await findWithin(input, model, catalogue);
  const deployment = found.deployments.find(
    (each) =>
      each.endpoint.provider === 'anthropic' && bridgeTo(each, MESSAGES.name)?.crossing === null,
  );
  if (deployment === undefined) {
    throw refuseField('requests', `asks for \`${model}\`, whose provider has no batches here`);
  }
  const group = batchGroupOf(found.model, deployment, { field: 'requests', writes: true });
  return { group, deployment };
}

const passedOf = ({ request }: StreamInput): Pick<Question, 'passed' | 'query'> => ({
  passed: MESSAGES.passHeaders(request.headers),
  query: MESSAGES.passQuery(request.url),
});

const at = ({ providerId }: Batch): string => `/${encodeURIComponent(providerId ?? '')}`;

/** B3. */
async function find(
  { caller, params }: StreamInput,
  parts: BatchParts,
): Promise<{ readonly batch: Batch; readonly deployment: Deployment; readonly owner: Owner }> {
  const owner = ownerOf(caller);
  const id = readBatchId((params as { readonly message_batch_id: string }).message_batch_id);
  const batch = id && (await inTenant(parts.db, [owner.orgId], (tx) => findBatch(tx, owner, id)));
  if (!batch || batch.inputFileId !== null || batch.providerId === null) throw noSuch('batch');
  const deployment = await findDeployment(parts, batch.deployment, caller);
  if (deployment === null) throw noSuch('batch');
  return { batch, deployment, owner };
}

async function ask(
  input: StreamInput,
  of: { readonly method: 'GET' | 'POST'; readonly below: string; readonly action?: string },
  parts: BatchParts,
): Promise<void> {
  const { batch, deployment, owner } = await find(input, parts);
  const { method, below, action } = of;
  const question = { of: MESSAGE_SURFACE.of, method, below: `${at(batch)}${below}` };
  const answer = await askProvider(parts.switchboard, deployment, {
    ...question,
    ...passedOf(input),
  });
  if (answer.status === 404) throw noSuch('batch');
  if (answer.status >= 300) return pass(input, answer);
  if (action !== undefined) {
    const subject = messageBatchIdOf(batch.id);
    await inTenant(parts.db, [owner.orgId], (tx) => record(tx, input, { action, subject }));
  }
  const model = batch.manifest?.model ?? deployment.model;
  answerWith(input, await tellBatch(parts, owner, { batch, deployment, model }, answer.body));
}

/** Its results are what it is booked from: before they are gone they have been read (B2). */
async function settle(batch: Batch, owner: Owner, parts: BatchParts): Promise<void> {
  if (batch.state !== 'open') return;
  await look({ orgId: owner.orgId, id: batch.id, asked: 0 }, parts);
  const now = await inTenant(parts.db, [owner.orgId], (tx) => findBatch(tx, owner, batch.id));
  if (now?.state !== 'open') return;
  throw new Fault('state.conflict', 'a batch that is not over is to be deleted', {
    detail: 'The batch is not over, or its results cannot be read yet. Cancel it first, or wait.',
  });
}

/** A refusal of the provider, in its own words. */
function pass({ reply, request }: StreamInput, { status, headers, body }: ProviderAnswer): void {
  if (reply.destroyed) return;
  const text = JSON.stringify(body);
  const passed = passedHeaders(headers, request.id);
  delete passed['content-encoding'];
  passed['content-type'] = 'application/json; charset=utf-8';
  passed['content-length'] = Buffer.byteLength(text);
  reply.writeHead(status, passed);
  reply.end(text);
}
