import type { CallOutput } from '@sagewai/sdk';
import { type DeletionCertificate, verifyDeletion } from '@sagewai/verify';
import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

type Deletion = CallOutput<'identity.getProjectDeletion'>;

export function deletionCommands(around: Surroundings): Command[] {
  const named = (name: string, does: string): Command =>
    serverCommand(name, does).argument('<project>', 'its name or id', id);
  return [
    act<ConnectionFlags & { readonly confirm: string }>(
      named('delete', 'Put a project out of reach now, and delete it after a grace').requiredOption(
        '--confirm <name>',
        'its name once more',
      ),
      around,
      async (context, { confirm }, [project = '']) => {
        const call = { params: { project }, body: { confirm } };
        const begun = await context.client.call('identity.deleteProject', call);
        context.show(
          begun,
          `${begun.project} is out of reach, and is deleted at ${begun.due_at}. Until then: sagewai projects undelete ${begun.project}`,
        );
      },
    ),
    act(
      named('undelete', 'Take the deletion of a project back, while it waits'),
      around,
      async (context, _, [project = '']) => {
        const back = await context.client.call('identity.undeleteProject', { params: { project } });
        context.show(back, `${back.project} is back. Runs that were cancelled stay so.`);
      },
    ),
    act(
      serverCommand('deletions', 'List deletions of projects, also those that have ended'),
      around,
      listDeletions,
    ),
    act(
      named(
        'certificate',
        'Show how far a deletion is, and what it deleted; --json has the signed text',
      ),
      around,
      async (context, _, [project = '']) => {
        const params = { project };
        const answer = await context.client.call('identity.getProjectDeletion', { params });
        context.show(answer, textOf(answer));
      },
    ),
    act<ConnectionFlags & { readonly key?: string }>(
      serverCommand('verify-certificate', 'Check a certificate here, without a server')
        .argument('<file>', 'what `certificate --json` has written')
        .option('--key <x>', 'the `x` of the key of the server, kept from before'),
      around,
      async (context, { key }, [file = '']) => check(context, file, key),
    ),
  ];
}

async function listDeletions(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listProjectDeletions', {});
  const rows = answer.deletions.map((one) => [
    one.project_id,
    one.project,
    one.state,
    showAge(one.requested_at, context.now()),
    one.finished_at ?? `due ${one.due_at}`,
    one.waits_for ?? '',
  ]);
  const headings = ['id', 'project', 'state', 'asked for', 'ended', 'waits for'];
  context.show(answer, printColumns(headings, rows));
}

function textOf({
  project,
  state,
  due_at,
  waits_for,
  deleted,
  objects,
  certificate,
}: Deletion): string {
  const rows = [
    ...deleted.map(({ table, rows: count }) => [table, String(count)]),
    ['objects', String(objects)],
  ];
  const head =
    certificate === null
      ? `${project} is ${state}${waits_for === null ? '' : `: it waits for ${waits_for}`} (due ${due_at}).`
      : `${project} is deleted. Signed by the key ${certificate.key.x}; entry ${certificate.entry.seq} of the audit log.`;
  return `${head}\n\n${printColumns(['deleted', 'rows'], rows)}`;
}

async function check(context: Context, file: string, knownKey: string | undefined): Promise<void> {
  const certificate = readCertificate(await readInput(file));
  if (certificate === null) throw new UsageError(`${file} holds no certificate`);
  const verdict = verifyDeletion(certificate, { knownKey });
  if (verdict.kind === 'bad') {
    context.show(verdict, `Not good (${verdict.breach}): ${verdict.detail}.`);
    return context.end(EXIT.error);
  }
  const { deletion, isKeyKnown, hasEntry } = verdict;
  const rows = deletion.deleted.reduce((sum, one) => sum + one.rows, 0);
  const key = isKeyKnown ? 'the key that is known' : `the key ${certificate.key.x}`;
  const entry = hasEntry ? '' : ' The entry of the audit log is not in it.';
  context.show(
    verdict,
    `Good: ${deletion.project.name} was deleted at ${deletion.finished_at}, ${rows} rows and ${deletion.objects} objects, signed by ${key}.${entry}`,
  );
}

/** The certificate, or the answer that it came in. */
function readCertificate(text: string): DeletionCertificate | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const outer = parsed as { readonly certificate?: unknown } | null;
  const inner = (outer?.certificate ?? outer) as Partial<DeletionCertificate> | null;
  const isWhole =
    typeof inner?.text === 'string' &&
    typeof inner.signature === 'string' &&
    typeof inner.key?.x === 'string';
  const whole = inner as DeletionCertificate;
  return isWhole ? { ...whole, entry: inner.entry ?? null } : null;
}
