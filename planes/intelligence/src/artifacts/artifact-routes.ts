import { createHash, randomUUID } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, implementOwn, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  ARTIFACT_PART_BYTES,
  completeArtifact,
  createArtifact,
  deleteArtifact,
  getArtifact,
  listArtifacts,
  type OrganizationId,
  type OutputOf,
  putArtifactPart,
  readArtifactPart,
} from '@sagewai/wire';

import { chooseProject } from '../choose-project.ts';
import type { IntelligenceParts } from '../intelligence-options.ts';
import {
  type Artifact,
  makeSealedKey,
  partBytesOf,
  partKey,
  partsOf,
  sealPart,
} from './artifact.ts';
import * as rows from './artifacts.sql.ts';
import { readPart, readParts } from './read-artifact.ts';

const NO_ARTIFACT = 'There is no such artifact.';
const LISTED = 100;

export function artifactRoutes(parts: IntelligenceParts): Route[] {
  const { db, keys, objects, settings } = parts;

  /** Of the caller's organization, and project where it has one (B1). */
  const find = async (caller: Caller, id: string): Promise<Artifact> => {
    const orgId = orgOf(caller);
    return visible(caller, await inTenant(db, [orgId], (tx) => rows.findArtifact(tx, orgId, id)));
  };

  return [
    implement(createArtifact, async ({ tx, orgId, caller, query, body, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      if (body.bytes > settings.artifactBytesMax) throw tooLarge(settings.artifactBytesMax);
      await rows.lockRoom(tx, { orgId, projectId });
      const id = newId<string>();
      const artifact = await rows.insertArtifact(tx, {
        ...body,
        orgId,
        projectId,
        id,
        runId: caller.kind === 'run' ? caller.id : null,
        sealedKey: makeSealedKey(keys, { orgId, id }), // B3
        createdBy: nameActor(caller),
      });
      if ((await rows.sumBytes(tx, { orgId, projectId })) > settings.artifactsBytesMax) {
        throw noRoom(settings.artifactsBytesMax);
      }
      audit.about(`artifact:${artifact.id}`, { name: body.name, sha256: body.sha256 });
      return { artifact: toWire(artifact), part_bytes: ARTIFACT_PART_BYTES };
    }),

    implementOwn(putArtifactPart, async ({ params, body, caller }) => {
      const artifact = await find(caller, params.artifact_id);
      const { part } = params;
      const bytes = Buffer.from(body.data, 'base64');
      if (part >= partsOf(artifact) || bytes.length !== partBytesOf(artifact, part)) {
        throw wrongPart(artifact, part);
      }
      if (artifact.completedAt !== null) throw isComplete();
      const objectId = randomUUID();
      await objects.put(partKey(artifact, objectId), sealPart(keys, artifact, part, bytes)); // B4
      const isOpen = await inTenant(db, [artifact.orgId], (tx) =>
        rows.upsertPart(tx, artifact, { part, objectId }),
      );
      if (!isOpen) throw isComplete();
      return { part };
    }),

    implementOwn(completeArtifact, async ({ params, caller, request }) => {
      const artifact = await find(caller, params.artifact_id);
      const { orgId } = artifact;
      const there = await inTenant(db, [orgId], (tx) => rows.listParts(tx, artifact));
      const missing = partsOf(artifact) - there.length;
      if (missing > 0) throw isOther(`${missing} of its ${partsOf(artifact)} parts are missing.`);
      const hash = createHash('sha256');
      for await (const bytes of readParts(parts, artifact)) hash.update(bytes);
      if (hash.digest('hex') !== artifact.sha256) throw isOther('Its digest is another one.'); // B2
      const objectIds = there.map(({ objectId }) => objectId);
      return inTenant(db, [orgId], async (tx) => {
        const complete = await rows.noteComplete(tx, artifact, objectIds);
        if (complete === null) throw isOther('Its parts have changed meanwhile.');
        await appendAudit(tx, {
          orgId,
          actor: nameActor(caller),
          action: completeArtifact.id,
          subject: `artifact:${artifact.id}`,
          outcome: 'ok',
          requestId: request.id,
          details: { sha256: artifact.sha256, bytes: artifact.bytes },
        });
        return toWire(complete);
      });
    }),

    implement(listArtifacts, async ({ tx, orgId, caller, query }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const of = { runId: query.run_id ?? null, limit: query.limit ?? LISTED };
      const artifacts = await rows.listArtifactRows(tx, { orgId, projectId }, of);
      return { artifacts: artifacts.map(toWire) };
    }),

    implement(getArtifact, async ({ tx, orgId, caller, params }) =>
      toWire(visible(caller, await rows.findArtifact(tx, orgId, params.artifact_id))),
    ),

    implementOwn(readArtifactPart, async ({ params, caller }) => {
      const artifact = await find(caller, params.artifact_id);
      if (artifact.completedAt === null) throw isOther('Parts of it are still to come.'); // B2
      const { part } = params;
      const [row] = await inTenant(db, [artifact.orgId], (tx) =>
        rows.listParts(tx, artifact, part),
      );
      const bytes = row === undefined ? null : await readPart(parts, artifact, row);
      return { part, data: found(bytes, 'There is no such part.').toString('base64') };
    }),

    implement(deleteArtifact, async ({ tx, orgId, caller, params, audit }) => {
      const artifact = visible(caller, await rows.findArtifact(tx, orgId, params.artifact_id));
      audit.about(`artifact:${artifact.id}`, { name: artifact.name, sha256: artifact.sha256 });
      await rows.deleteArtifactRow(tx, orgId, artifact.id);
      return { id: artifact.id, deleted: true as const };
    }),
  ];
}

/** B1. */
function visible(caller: Caller, artifact: Artifact | null): Artifact {
  const isPerson = caller.kind === 'token' || caller.kind === 'account';
  const bound = isPerson ? boundProject(caller) : caller.projectId;
  const isSeen = bound === null || artifact?.projectId === bound;
  return found(isSeen ? artifact : null, NO_ARTIFACT);
}

function orgOf({ orgId }: Caller): OrganizationId {
  if (orgId !== null) return orgId;
  throw new Fault('organization.required', 'an artifact is of an organization', {
    detail: 'Say which organization.',
  });
}

const toWire = (artifact: Artifact): OutputOf<typeof getArtifact> => ({
  id: artifact.id,
  project_id: artifact.projectId,
  run_id: artifact.runId,
  name: artifact.name,
  bytes: artifact.bytes,
  sha256: artifact.sha256,
  parts: partsOf(artifact),
  created_at: artifact.createdAt.toISOString(),
  created_by: artifact.createdBy,
  completed_at: artifact.completedAt?.toISOString() ?? null,
});

const tooLarge = (max: number): Fault =>
  new Fault('request.too_large', 'an artifact that is too large', {
    detail: `An artifact has at most ${max} bytes.`,
  });

const noRoom = (max: number): Fault =>
  new Fault('request.too_large', 'a project has no room for an artifact', {
    detail: `The artifacts of a project have at most ${max} bytes together: delete some.`,
  });

const wrongPart = (artifact: Artifact, part: number): Fault =>
  new Fault('request.invalid', 'a part that is not of this artifact', {
    detail:
      `Of ${artifact.bytes} bytes there are ${partsOf(artifact)} parts of ${ARTIFACT_PART_BYTES}, ` +
      `the last of what is left; part ${part} is none of them, or of another length.`,
  });

const isComplete = (): Fault =>
  new Fault('state.conflict', 'an artifact that is complete', {
    detail: 'It is complete, and stays as it is; or it was deleted.',
  });

const isOther = (detail: string): Fault =>
  new Fault('state.conflict', 'an artifact that is not what its sender has said', { detail });
