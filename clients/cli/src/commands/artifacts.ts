import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';

import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

type Artifact = CallOutput<'artifacts.getArtifact'>;

interface SendFlags extends ConnectionFlags {
  readonly name?: string;
}

interface ListFlags extends ConnectionFlags {
  readonly run?: string;
}

const READ_AT_ONCE = 1_048_576;

export function artifactsCommand(around: Surroundings): Command {
  return group('artifacts', 'Bytes of a project: datasets, and what runs have made', {
    commands: [
      act<SendFlags>(
        serverCommand('send', 'Send a file')
          .argument('<file>', 'which')
          .option('--name <name>', 'what it is called (default: as the file)'),
        around,
        send,
      ),
      act<ListFlags>(
        serverCommand('list', 'List them').option('--run <id>', 'those of this run', id),
        around,
        async (context, flags) => {
          const { run } = flags;
          const query = { ...within(flags), ...(run === undefined ? {} : { run_id: run }) };
          const answer = await context.client.call('artifacts.listArtifacts', { query });
          context.show(answer, tableOf(answer.artifacts));
        },
      ),
      act(
        serverCommand('save', 'Save one to a file that is not there yet')
          .argument('<id>', 'which', id)
          .argument('<file>', 'where'),
        around,
        save,
      ),
      act(
        serverCommand('delete', 'Delete one').argument('<id>', 'which', id),
        around,
        async (context, _, [artifact = '']) => {
          const of = { params: { artifact_id: artifact } };
          const answer = await context.client.call('artifacts.deleteArtifact', of);
          context.show(answer, `${answer.id} is deleted`);
        },
      ),
    ],
    examples: ['sagewai artifacts send answers.jsonl', 'sagewai artifacts list --run RUN_ID'],
  });
}

const within = ({ project }: ConnectionFlags): { readonly project?: string } =>
  project === undefined ? {} : { project };

async function send(
  context: Context,
  flags: SendFlags,
  [path = '']: readonly string[],
): Promise<void> {
  const { client } = context;
  await using file = await open(path);
  const { size: bytes } = await file.stat();
  const hash = createHash('sha256');
  for await (const piece of file.createReadStream({
    autoClose: false,
    highWaterMark: READ_AT_ONCE,
  })) {
    hash.update(piece as Buffer);
  }
  const begun = await client.call('artifacts.createArtifact', {
    query: within(flags),
    body: { name: flags.name ?? basename(path), bytes, sha256: hash.digest('hex') },
  });
  const { artifact, part_bytes: partBytes } = begun;
  for (let part = 0; part < artifact.parts; part += 1) {
    const length = Math.min(partBytes, bytes - part * partBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, part * partBytes);
    const params = { artifact_id: artifact.id, part };
    await client.call('artifacts.putPart', { params, body: { data: buffer.toString('base64') } });
  }
  const params = { artifact_id: artifact.id };
  const complete = await client.call('artifacts.completeArtifact', { params });
  context.show(complete, `${complete.id}  ${complete.sha256}`);
}

async function save(
  context: Context,
  _: ConnectionFlags,
  [artifactId = '', path = '']: readonly string[],
): Promise<void> {
  const params = { artifact_id: artifactId };
  const artifact = await context.client.call('artifacts.getArtifact', { params });
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  for (let part = 0; part < artifact.parts; part += 1) {
    const of = { params: { ...params, part } };
    const bytes = Buffer.from((await context.client.call('artifacts.readPart', of)).data, 'base64');
    hash.update(bytes);
    await file.writeFile(bytes);
  }
  if (hash.digest('hex') !== artifact.sha256) {
    await rm(path);
    throw new Error('what came is not what the artifact is');
  }
  context.show(artifact, `${artifact.bytes} bytes of ${artifact.name}`);
}

function tableOf(artifacts: readonly Artifact[]): string {
  if (artifacts.length === 0) return 'there are none: sagewai artifacts send FILE';
  const rows = artifacts.map((one) => [
    one.id,
    one.name,
    one.bytes,
    one.run_id,
    one.completed_at ?? 'incomplete',
  ]);
  return printColumns(['id', 'name', 'bytes', 'run', 'complete'], rows);
}
