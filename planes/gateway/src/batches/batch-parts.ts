import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, StreamInput } from '@sagewai/http';
import type { Ledger } from '@sagewai/ledger';
import type { Log } from '@sagewai/log';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import { appendAudit, nameActor } from '@sagewai/trust';

import { findAllowed } from '../calls/find-allowed.ts';
import { classify, withinReach } from '../classification/classification.ts';
import { bridgeTo } from '../formats/bridge.ts';
import type { Format } from '../formats/format.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Meters } from '../meters.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Deployment } from '../models/deployment.ts';
import { groupOf, type ModelGroup } from '../models/model-table.ts';
import type { Price } from '../money/price.ts';
import type { JudgeSpend } from '../soft-budgets/with-soft-budgets.ts';
import type { Switchboard } from '../switchboard.ts';
import { askProvider, FILES } from './ask-provider.ts';
import { tellMessageBatch } from './batch-surface.ts';
import { type Batch, batchIdOf } from './batch.ts';
import { noteSaid, type Owner, putFile } from './batches.sql.ts';

export interface BatchParts {
  readonly db: Db;
  readonly ledger: Pick<Ledger, 'reserve' | 'settle'>;
  readonly catalogue: Pick<Catalogue, 'find' | 'known' | 'unreachable' | 'all'>;
  readonly switchboard: Pick<Switchboard, 'upstreamOf'>;
  readonly log: Log;
  readonly meters: Pick<Meters, 'count'>;
  readonly settings: BatchSettings;
  readonly clientStallMs: number;
  readonly judgeSpend?: JudgeSpend | undefined;
}

export interface BatchSettings {
  /** Between two questions after a batch; doubles up to `askMsMax`. */
  readonly askMs: number;
  readonly askMsMax: number;
  /** After so long a batch is not asked after any more. */
  readonly giveUpMs: number;
  readonly lineBytesMax: number;
}

export const newFileId = (): string => `file-${newId().replaceAll('-', '')}`;

export function ownerOf({ orgId, projectId }: Caller): Owner {
  if (orgId === null || projectId === null) throw new Error('a model caller without a project');
  return { orgId, projectId };
}

/** Providers of OpenAI's files and batches. */
const KEEPS_FILES: ReadonlySet<string> = new Set(['openai', 'compatible']);

/** With what a batch costs there, which bounds its requests. Throws where nobody knows (M4). */
export function batchGroupOf(
  model: string,
  deployment: Deployment,
  { field, writes }: { readonly field: string; readonly writes: boolean },
): ModelGroup {
  const group = groupOf(model, [{ ...deployment, price: batchPriceOf(deployment) }]);
  if (!group.isPriced || (group.isInputOnly && writes)) {
    throw refuseField(field, `asks for \`${model}\`, whose price is not known`);
  }
  return group;
}

export const takesBatches = (deployment: Deployment, format: Format): boolean =>
  KEEPS_FILES.has(deployment.endpoint.provider) &&
  bridgeTo(deployment, format.name)?.crossing === null;

/** That of batches where it is known; else what a call costs, which is more. */
export const batchPriceOf = ({ media, price }: Deployment): Price | undefined =>
  media?.batch ?? price;

/** The model, where this caller may call it with such data. */
export async function findWithin(
  { caller, request }: Pick<StreamInput, 'caller' | 'request'>,
  model: string,
  catalogue: BatchParts['catalogue'],
): Promise<ModelGroup> {
  const { policy } = caller.detail as CallerDetail;
  const level = classify(request.headers, policy?.classification);
  return withinReach(await findAllowed(caller, model, catalogue), level);
}

export async function findDeployment(
  { catalogue }: Pick<BatchParts, 'catalogue'>,
  id: string,
  by?: Caller,
): Promise<Deployment | null> {
  const { groups } = await catalogue.all(by);
  for (const { deployments } of groups) {
    const found = deployments.find((each) => each.id === id);
    if (found !== undefined) return found;
  }
  return null;
}

/** What a provider says of a batch, as its owner is told it and as it is listed (B3). */
export async function tellBatch(
  parts: BatchParts,
  owner: Owner,
  of: {
    readonly batch: Pick<Batch, 'id' | 'inputFileId'>;
    readonly deployment: Deployment;
    readonly model: string;
  },
  said: JsonObject,
): Promise<JsonObject> {
  const { batch } = of;
  const told =
    batch.inputFileId === null
      ? tellMessageBatch(batch.id, said)
      : await tellFiles(parts, owner, of, said);
  await inTenant(parts.db, [owner.orgId], (tx) =>
    noteSaid(tx, owner.orgId, { id: batch.id, said: told }),
  );
  return told;
}

/** With ids of ours for what it put out. */
async function tellFiles(
  parts: BatchParts,
  owner: Owner,
  { batch, deployment, model }: Parameters<typeof tellBatch>[2],
  said: JsonObject,
): Promise<JsonObject> {
  const told: Record<string, unknown> = {
    ...said,
    id: batchIdOf(batch.id),
    input_file_id: batch.inputFileId,
  };
  if (said['model'] !== undefined) told['model'] = model;
  for (const name of ['output_file_id', 'error_file_id']) {
    const theirs = said[name];
    if (typeof theirs !== 'string') continue;
    const about = await describe(parts, deployment, theirs);
    const file = await inTenant(parts.db, [owner.orgId], (tx) =>
      putFile(tx, owner, {
        id: newFileId(),
        deployment: deployment.id,
        providerId: theirs,
        purpose: 'batch_output',
        manifest: null,
        ...about,
      }),
    );
    told[name] = file.id;
  }
  return told as JsonObject;
}

async function describe(
  { switchboard }: BatchParts,
  deployment: Deployment,
  id: string,
): Promise<{ filename: string; bytes: bigint }> {
  const below = `/${encodeURIComponent(id)}`;
  const { body } = await askProvider(switchboard, deployment, { of: FILES, method: 'GET', below });
  const { filename, bytes } = body;
  return {
    filename: typeof filename === 'string' ? filename.slice(0, 300) : 'output.jsonl',
    bytes: BigInt(Number.isSafeInteger(bytes) ? (bytes as number) : 0),
  };
}

/** Every change is in the audit log of its organization. */
export function record(
  tx: Tx,
  { caller, request }: Pick<StreamInput, 'caller' | 'request'>,
  of: { readonly action: string; readonly subject: string },
): Promise<unknown> {
  return appendAudit(tx, {
    orgId: ownerOf(caller).orgId,
    actor: nameActor(caller),
    ...of,
    outcome: 'ok',
    requestId: request.id,
    details: {},
  });
}

export function noSuch(what: 'file' | 'batch'): Fault {
  return new Fault('resource.missing', `no such ${what} of this project`, {
    detail: `This project has no such ${what}.`,
  });
}

export function refuseField(path: string, message: string): Fault {
  return new Fault('request.invalid', `${path} is refused`, {
    detail: `body/${path} ${message}`,
    mistakes: [{ part: 'body', path: `/${path}`, message }],
  });
}
