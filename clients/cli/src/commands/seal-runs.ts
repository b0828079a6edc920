import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Submission } from '@sagewai/sdk';
import {
  makeSealKey,
  openRun,
  readSealKey,
  type SealKeyPair,
  sealKeyText,
  sealPayload,
} from '@sagewai/sdk/node';
import { Command } from 'commander';

import type { Context, Surroundings } from '../context.ts';
import { jsonText } from '../json-text.ts';
import { UsageError } from '../usage-error.ts';
import type { RunDetail } from './watch-run.ts';

export interface SealFlags {
  readonly seal?: boolean;
  readonly sealTo?: string;
  readonly keyFile?: string;
}

export type Seal = (submission: Submission) => Submission;

const PUBLIC_KEY = /^[\da-f]{64}$/i;
const LIVE_WORKERS = 'pool';

export const withSealFlags = (command: Command): Command =>
  command
    .option('--seal', 'encrypt the payload here, for the workers of its pool alone')
    .option('--seal-to <key>', 'for the holders of this public key, or file of one (default: pool)')
    .option('--key-file <file>', 'your private key, which reads the result (default: one of home)');

/** Null: nothing is to be sealed. Says for whom it seals. */
export async function sealFor(
  context: Context,
  flags: SealFlags,
  asked: { readonly pool?: string; readonly model?: string },
): Promise<Seal | null> {
  if (flags.seal !== true && flags.sealTo === undefined) return null;
  const { pool, model } = asked;
  const query = {
    ...(pool === undefined ? {} : { pool }),
    ...(model === undefined ? {} : { model }),
  };
  const answer = await context.client.call('runs.listSealRecipients', { query });
  const { organization_id: organizationId, project_id: projectId } = answer;
  const known = new Map(answer.recipients.map(({ key, workers }) => [key, workers]));
  const { sealTo = LIVE_WORKERS } = flags;
  const recipients = sealTo === LIVE_WORKERS ? [...known.keys()] : [await publicKeyOf(sealTo)];
  if (recipients.length === 0) {
    throw new UsageError(`--seal: no live worker of the pool ${answer.pool} has a sealing key`);
  }
  for (const key of recipients) {
    const workers = known.get(key)?.join(', ') ?? 'no live worker';
    context.terminal.note(`sealed for ${key.slice(0, 16)}… (${workers})`);
  }
  if (sealTo === LIVE_WORKERS && answer.without_key > 0) {
    context.terminal.note(`${answer.without_key} workers of the pool have no key, and get nothing`);
  }
  const submitter = await submitterKey(context, flags.keyFile);
  return (submission) => {
    const sealed = sealPayload(submission.payload, {
      organizationId,
      projectId,
      recipients,
      submitter,
    });
    if (sealed === null) throw new UsageError('--seal-to: that is no X25519 public key');
    return { ...submission, payload: { ...sealed } };
  };
}

/** The run as its submitter may read it, where it is sealed and the key is here. */
export async function openedRun(
  context: Context,
  run: RunDetail,
  keyFile: string | undefined,
): Promise<RunDetail> {
  const pair = await readOwnKey(context, keyFile);
  if (pair === null) return run;
  const opened = openRun(run, pair);
  if (opened.kind === 'opened') return opened.run;
  if (opened.kind === 'refused') {
    context.terminal.note(`The run is sealed, and stays so: ${opened.why}.`);
    if (keyFile !== undefined) throw new UsageError(`--key-file: ${opened.why}`);
  }
  return run;
}

export function sealKeygenCommand({ terminal }: Surroundings): Command {
  return new Command('seal-keygen')
    .description('Make a key that opens what is sealed for its public half')
    .requiredOption('--out <file>', 'where the private key goes')
    .option('--json', 'print the result as JSON')
    .action(async ({ out, json = false }: { out: string; json?: boolean }) => {
      const key = sealKeyText(await makeAt(out));
      terminal.out(json ? jsonText({ file: out, public_key: key }) : key);
    });
}

async function makeAt(file: string): Promise<SealKeyPair> {
  try {
    return await makeSealKey(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'EEXIST' ? `${file} is there already` : `cannot write ${file}: ${code ?? message}`,
    );
  }
}

const ownKeyFile = ({ home }: Context): string => join(home, 'seal-key.pem');

/** Made at the first use: without it, nobody could ever read the result. */
async function submitterKey(context: Context, keyFile: string | undefined): Promise<SealKeyPair> {
  const known = await readOwnKey(context, keyFile);
  if (known !== null) return known;
  const file = ownKeyFile(context);
  context.terminal.note(`Your key, which reads the results, is made in ${file}: keep it.`);
  return makeAt(file);
}

async function readOwnKey(
  context: Context,
  keyFile: string | undefined,
): Promise<SealKeyPair | null> {
  try {
    return await readSealKey(keyFile ?? ownKeyFile(context));
  } catch (error) {
    const isMissing = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    if (keyFile === undefined && isMissing === 'ENOENT') return null;
    throw new UsageError((error as Error).message);
  }
}

async function publicKeyOf(given: string): Promise<string> {
  if (PUBLIC_KEY.test(given)) return given.toLowerCase();
  const text = await readFile(given, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--seal-to: cannot read ${given}: ${error.code ?? error.message}`);
  });
  if (PUBLIC_KEY.test(text.trim())) return text.trim().toLowerCase();
  try {
    return sealKeyText(await readSealKey(given));
  } catch (error) {
    throw new UsageError(`--seal-to: ${(error as Error).message}`);
  }
}
