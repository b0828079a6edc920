import { Fault } from '@sagewai/fault';
import { implement, implementOwn, type OwnInput, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  buildIndex,
  deleteIndex,
  type OrganizationId,
  type OutputOf,
  readIndex,
  searchIndex,
} from '@sagewai/wire';

import type { OfProject } from '../chats/chat.ts';
import { chooseProject } from '../choose-project.ts';
import type { IntelligenceParts } from '../intelligence-options.ts';
import { buildOf, type Build, tooMuch } from './build-index.ts';
import { findPassages, type Finding, mayCallModels } from './find-passages.ts';
import { deleteIndexRow, findIndex } from './knowledge.sql.ts';
import type { IndexRow } from './passage.ts';
import { readFolder } from './read-folder.ts';
import { toSource } from './to-source.ts';

const NO_INDEX = 'The project has no index: build one.';

export function indexRoutes(parts: IntelligenceParts & Finding): Route[] {
  const { db, settings } = parts;

  const whoseOf = async ({
    caller,
    query,
  }: Pick<OwnInput, 'caller'> & {
    readonly query: { readonly project?: string };
  }): Promise<OfProject> => {
    const orgId = orgOf(caller.orgId);
    const projectId = await inTenant(db, [orgId], (tx) =>
      chooseProject(tx, { orgId, caller, named: query.project }),
    );
    return { orgId, projectId };
  };

  const ready = async (of: OfProject): Promise<IndexRow | null> => {
    const row = await inTenant(db, [of.orgId], (tx) => findIndex(tx, of));
    return row === null || row.generation === null ? null : row;
  };

  return [
    implement(readIndex, async ({ tx, orgId, caller, query }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const row = await findIndex(tx, { orgId, projectId });
      return row === null || row.generation === null
        ? { status: 'not_found' as const, message: NO_INDEX }
        : { status: 'ready' as const, index: toWire(row) };
    }),

    implementOwn(buildIndex, async (input) => {
      const { body, caller, request } = input;
      const of = await whoseOf(input);
      const there = await ready(of);
      if (there !== null && body.force_rebuild !== true) {
        const message = 'There is one: say force_rebuild to build another.';
        return { status: 'already_exists' as const, message, index: toWire(there) };
      }
      const { documents, source } = await documentsOf(parts, of, body);
      const as = mayCallModels(caller) ? { caller, request } : null;
      await buildOf(parts, of, { documents, source, by: nameActor(caller), as });
      await record(parts, of, { input, action: buildIndex.id, details: { source } });
      const row = await ready(of);
      if (row === null) throw new Fault('state.conflict', 'an index was deleted as it was built');
      const message = `${row.documents} documents in ${row.chunks} passages.`;
      return { status: 'built' as const, message, index: toWire(row) };
    }),

    implement(deleteIndex, async ({ tx, orgId, caller, query, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      audit.about(`project:${projectId}`, {});
      return (await deleteIndexRow(tx, { orgId, projectId }))
        ? { status: 'deleted' as const, message: 'The index is deleted.' }
        : { status: 'not_found' as const, message: NO_INDEX };
    }),

    implementOwn(searchIndex, async (input) => {
      const { body } = input;
      const found = await findPassages(parts, await whoseOf(input), {
        as: input,
        text: body.query,
        topK: body.top_k ?? settings.topK,
        refines: body.refine ?? true,
      });
      const results = found.map((one, at) => ({
        content: one.body,
        rank: at + 1,
        ...toSource(one, at),
      }));
      return { query: body.query, results, count: results.length };
    }),
  ];
}

async function documentsOf(
  { settings, rootsOf }: IntelligenceParts,
  of: OfProject,
  { documents, source_dir: wanted = null }: BodyOf<typeof buildIndex>,
): Promise<Pick<Build, 'documents' | 'source'>> {
  if (documents !== undefined) return { documents, source: 'documents that were sent' };
  const bounds = { documentsMax: settings.documentsMax, bytesMax: settings.documentBytesMax };
  const read = await readFolder(await rootsOf(of), wanted, bounds);
  if (read.kind === 'read') return { documents: read.documents, source: read.folder };
  if (read.kind === 'too_much') throw tooMuch(settings.passagesMax);
  if (read.kind === 'unreadable') {
    throw new Fault('request.invalid', 'a file of the folder that the server may not read', {
      detail: `The server cannot read ${read.path} of this folder.`,
    });
  }
  const where = wanted ?? 'none is named for the project';
  throw new Fault('request.invalid', 'no such folder below those of the project', {
    detail: `Source directory not found: ${where}`,
  });
}

async function record(
  { db }: IntelligenceParts,
  { orgId, projectId }: OfProject,
  of: {
    readonly input: Pick<OwnInput, 'caller' | 'request'>;
    readonly action: string;
    readonly details: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { input, action, details } = of;
  await inTenant(db, [orgId], (tx) =>
    appendAudit(tx, {
      orgId,
      actor: nameActor(input.caller),
      action,
      subject: `project:${projectId}`,
      outcome: 'ok',
      requestId: input.request.id,
      details,
    }),
  );
}

function orgOf(orgId: OrganizationId | null): OrganizationId {
  if (orgId !== null) return orgId;
  throw new Fault('organization.required', 'an index is of an organization', {
    detail: 'Say which organization.',
  });
}

const toWire = (
  row: IndexRow,
): Extract<OutputOf<typeof readIndex>, { status: 'ready' }>['index'] => ({
  documents: row.documents,
  chunks: row.chunks,
  bytes: Number(row.bytes),
  embedding_model: row.embeddingModel,
  source: row.source,
  built_at: row.builtAt.toISOString(),
  built_by: row.builtBy,
});
