import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { createClient, type SagewaiClient } from '@sagewai/sdk';
import {
  defineWorkflow,
  type StepCall,
  Unrecoverable,
  type WorkflowContext,
  type WorkflowDefinition,
} from '@sagewai/sdk/workflow';

import type { Environment } from '../credentials/run-scope.ts';
import { currentRunAccess } from '../durable/run-access.ts';
import type { TrainerProfile, TrainerTable } from '../exec/command-profile.ts';
import { outputOf } from '../exec/output-of.ts';
import { runCommand } from '../exec/run-command.ts';
import { readText, sendFile, type SentFile } from './artifacts.ts';
import {
  type FinetuneInput,
  finetuneSchema,
  LORA_DEFAULTS,
  TRAINING_DEFAULTS,
} from './finetune-input.ts';
import { readDataset } from './read-dataset.ts';
import { metricsIn, type Progress, progressReader } from './read-progress.ts';

export const FINETUNE = 'finetune';

const DATASET_BYTES_MAX = 256 * 1_048_576;
const FILES_MAX = 64;
/** Where a container sees the folder that the trainer works in. */
const IN_CONTAINER = '/work';

interface Trained {
  readonly files: readonly SentFile[];
  readonly epochs: readonly Progress[];
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * The built-in workflow `finetune`: checks the dataset, starts one of the operator's trainers, tells each epoch as a
 * step, and sends what was made as artifacts of the run. The trainer is started anew by whoever takes the run over.
 */
export function finetuneWorkflow(
  trainers: TrainerTable,
  environment: Environment,
): WorkflowDefinition {
  return defineWorkflow<FinetuneInput, unknown>(
    FINETUNE,
    finetuneSchema(trainers),
    async (ctx, input) => {
      const trainer = trainers.get(input.trainer);
      if (trainer === undefined) throw new Unrecoverable(`there is no trainer ${input.trainer}`);
      if (!trainer.baseModels.includes(input.base_model)) {
        throw new Unrecoverable(`${input.trainer} does not train ${input.base_model}`);
      }
      const dataset = await ctx.step('dataset', ({ signal }) => checkDataset(input, signal));
      const lora = { ...LORA_DEFAULTS, ...input.lora };
      const training = { ...TRAINING_DEFAULTS, ...input.training };
      const asked = { base_model: input.base_model, lora, training };
      const { files, epochs, metrics } = await trainAndTell(ctx, training.epochs, (step, tell) =>
        train(trainer, { ...asked, input, environment, runId: ctx.runId, step, tell }),
      );
      const { name, trainer: by } = input;
      return {
        name,
        trainer: by,
        dataset,
        ...asked,
        files,
        digest: digestOf(files),
        epochs,
        metrics,
      };
    },
  );
}

/** The training is one step, and so is each of its epochs, which ends when the trainer tells that it is done. */
async function trainAndTell(
  ctx: WorkflowContext,
  epochs: number,
  work: (step: StepCall, tell: (progress: Progress) => void) => Promise<Trained>,
): Promise<Trained> {
  const told = Array.from({ length: epochs }, () => Promise.withResolvers<Progress | null>());
  const tell = (progress: Progress): void => told[progress.epoch - 1]?.resolve(progress);
  const training = ctx.step('train', (step) => work(step, tell));
  const each = told.map(({ promise }, at) => ctx.step(`epoch ${at + 1}`, () => promise));
  const trained = await training;
  // What was told to a worker that is gone, and what the trainer has not told at all.
  for (const progress of trained.epochs) tell(progress);
  for (const { resolve } of told) resolve(null);
  await Promise.all(each);
  return trained;
}

async function checkDataset(
  input: FinetuneInput,
  signal: AbortSignal,
): Promise<{ readonly records: number; readonly sha256: string }> {
  const text = await datasetOf(input, signal);
  const read = readDataset(text);
  if (read.kind === 'refused') throw new Unrecoverable(read.why);
  return { records: read.records, sha256: createHash('sha256').update(text).digest('hex') };
}

const clientOf = (signal: AbortSignal): SagewaiClient =>
  createClient({ ...currentRunAccess(), signal });

async function datasetOf({ dataset }: FinetuneInput, signal: AbortSignal): Promise<string> {
  return 'records' in dataset
    ? dataset.records.map((record) => `${JSON.stringify(record)}\n`).join('')
    : readText(clientOf(signal), dataset.artifact, DATASET_BYTES_MAX);
}

async function train(
  trainer: TrainerProfile,
  of: {
    readonly input: FinetuneInput;
    readonly base_model: string;
    readonly lora: object;
    readonly training: object;
    readonly environment: Environment;
    readonly runId: string;
    readonly step: StepCall;
    readonly tell: (progress: Progress) => void;
  },
): Promise<Trained> {
  const { input, environment, runId, step, tell, ...asked } = of;
  const { signal } = step;
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-finetune-'));
  try {
    await mkdir(join(folder, 'output'));
    await writeFile(join(folder, 'dataset.jsonl'), await datasetOf(input, signal));
    const seen = trainer.container === null ? folder : IN_CONTAINER;
    const epochs: Progress[] = [];
    const reader = progressReader((progress) => {
      epochs.push(progress);
      tell(progress);
    });
    const end = await runCommand(trainer, {
      input: {
        ...asked,
        base_model: of.base_model,
        dataset: join(seen, 'dataset.jsonl'),
        output: join(seen, 'output'),
      },
      environment,
      told: { SAGEWAI_RUN_ID: runId, SAGEWAI_IDEMPOTENCY_KEY: step.idempotencyKey },
      name: `sagewai-${runId}`,
      signal,
      mounts: [{ from: folder, to: IN_CONTAINER }],
      onOutput: (piece) => reader.take(piece),
    });
    const metrics = metricsIn(outputOf(end));
    return { files: await sendAll(clientOf(signal), join(folder, 'output')), epochs, metrics };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whatever stands in the output folder, by its path there. */
async function sendAll(client: SagewaiClient, folder: string): Promise<SentFile[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  // Links are neither: what they lead to is not what was trained.
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (paths.length === 0)
    throw new Unrecoverable('the trainer has left nothing in its output folder');
  if (paths.length > FILES_MAX) {
    throw new Unrecoverable(
      `the trainer has left ${paths.length} files; at most ${FILES_MAX} are kept`,
    );
  }
  const files: SentFile[] = [];
  for (const path of paths) files.push(await sendFile(client, path, relative(folder, path)));
  return files;
}

/** Of all files: the same files have the same. */
function digestOf(files: readonly SentFile[]): string {
  const hash = createHash('sha256');
  for (const { sha256, name } of files) hash.update(`${sha256}  ${name}\n`);
  return hash.digest('hex');
}
