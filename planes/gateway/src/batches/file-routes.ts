import { type FormFile, implementStream, type Route, type StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { createFile, deleteFile, getFile, listFiles, readFileContent } from '@sagewai/wire';

import type { Deployment } from '../models/deployment.ts';
import { answerWith, pageOf } from './answer-with.ts';
import { askProvider, FILES, refusedByProvider } from './ask-provider.ts';
import {
  type BatchParts,
  batchGroupOf,
  findDeployment,
  findWithin,
  newFileId,
  noSuch,
  ownerOf,
  record,
  refuseField,
  takesBatches,
} from './batch-parts.ts';
import { type BatchFile, fileToWire } from './batch.ts';
import { findFile, listFilesOf, markFileDeleted, putFile } from './batches.sql.ts';
import { passContent } from './pass-content.ts';
import { type BatchLines, planBatch, readBatchLines } from './read-batch-lines.ts';

/** Files of batches: each is kept by the provider of the model that it asks (B3). */
export function fileRoutes(parts: BatchParts): Route[] {
  const { db, switchboard } = parts;
  return [
    implementStream(createFile, async (input) => {
      const { purpose, file } = input.body as { purpose: string; file: FormFile };
      if (purpose !== 'batch')
        throw refuseField('purpose', 'must be batch: other files are not kept');
      const lines = readBatchLines(input.raw.subarray(file.start, file.end));
      const { deployment, model, planned } = await plan(input, lines, parts);
      const answer = await askProvider(switchboard, deployment, {
        of: FILES,
        method: 'POST',
        below: '',
        ...formWith(planned.file),
      });
      const { id: providerId } = answer.body;
      if (answer.status >= 300 || typeof providerId !== 'string') throw refusedByProvider(answer);
      const owner = ownerOf(input.caller);
      const { inputTokensMax, outputTokensMax } = planned;
      const made = await inTenant(db, [owner.orgId], async (tx) => {
        const put = await putFile(tx, owner, {
          id: newFileId(),
          deployment: deployment.id,
          providerId,
          filename: file.filename,
          bytes: BigInt(planned.file.length),
          purpose: 'batch',
          manifest: {
            model,
            endpoint: lines.endpoint,
            requests: lines.lines.length,
            inputTokensMax,
            outputTokensMax,
          },
        });
        await record(tx, input, { action: createFile.id, subject: put.id });
        return put;
      });
      answerWith(input, fileToWire(made));
    }),

    implementStream(listFiles, async (input) => {
      const owner = ownerOf(input.caller);
      const page = { limit: input.query.limit ?? 10_000, after: input.query.after ?? null };
      const files = await inTenant(db, [owner.orgId], (tx) => listFilesOf(tx, owner, page));
      answerWith(input, pageOf(files.map(fileToWire), page.limit));
    }),

    implementStream(getFile, async (input) => {
      const { file } = await find(input, input.params.file_id, parts);
      answerWith(input, fileToWire(file));
    }),

    implementStream(deleteFile, async (input) => {
      const { file, deployment, owner } = await find(input, input.params.file_id, parts);
      const answer = await askProvider(switchboard, deployment, {
        of: FILES,
        method: 'DELETE',
        below: `/${encodeURIComponent(file.providerId)}`,
      });
      // What it does not know any more is deleted as well.
      if (answer.status >= 300 && answer.status !== 404) throw refusedByProvider(answer);
      await inTenant(db, [owner.orgId], async (tx) => {
        await markFileDeleted(tx, owner, file.id);
        await record(tx, input, { action: deleteFile.id, subject: file.id });
      });
      answerWith(input, { id: file.id, object: 'file', deleted: true });
    }),

    implementStream(readFileContent, async (input) => {
      const { file, deployment } = await find(input, input.params.file_id, parts);
      const below = `/${encodeURIComponent(file.providerId)}/content`;
      await passContent(
        input,
        {
          deployment,
          question: { of: FILES, method: 'GET', below },
          contentType: 'application/octet-stream',
          missing: noSuch('file'),
        },
        parts,
      );
    }),
  ];
}

/** The one deployment that the file is for, and what its requests take there at most (B1). */
async function plan(input: StreamInput, lines: BatchLines, { catalogue }: BatchParts) {
  const group = await findWithin(input, lines.model, catalogue);
  const deployment = group.deployments.find((each) => takesBatches(each, lines.format));
  if (deployment === undefined) {
    throw refuseField('file', `asks for \`${lines.model}\`, whose provider has no batches here`);
  }
  const writes = lines.format.name !== 'embeddings';
  const one = batchGroupOf(group.model, deployment, { field: 'file', writes });
  return { deployment, model: group.model, planned: planBatch(lines, one) };
}

async function find(
  { caller }: StreamInput,
  id: string,
  parts: BatchParts,
): Promise<{
  readonly file: BatchFile;
  readonly deployment: Deployment;
  readonly owner: ReturnType<typeof ownerOf>;
}> {
  const owner = ownerOf(caller);
  const file = await inTenant(parts.db, [owner.orgId], (tx) => findFile(tx, owner, id)); // B3
  const deployment = file && (await findDeployment(parts, file.deployment, caller));
  if (file === null || deployment === null) throw noSuch('file');
  return { file, deployment, owner };
}

const BOUNDARY = 'sagewai-batch-7f3d1c2b9a';

/** A boundary that is in no file: JSON has no line that begins with it. */
function formWith(file: Buffer): { readonly body: Buffer; readonly contentType: string } {
  const field = `--${BOUNDARY}\r\ncontent-disposition: form-data; name=`;
  const body = Buffer.concat([
    Buffer.from(`${field}"purpose"\r\n\r\nbatch\r\n`),
    Buffer.from(
      `${field}"file"; filename="batch.jsonl"\r\ncontent-type: application/jsonl\r\n\r\n`,
    ),
    file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
  return { body, contentType: `multipart/form-data; boundary=${BOUNDARY}` };
}
