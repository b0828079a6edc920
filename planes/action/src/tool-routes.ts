import { hash } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, compileForeignSchema, found, implement, type Route } from '@sagewai/http';
import { boundProject, chosenProject, isId } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  canonicalJson,
  createTool,
  deleteTool,
  getTool,
  listTools,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  updateTool,
} from '@sagewai/wire';

import { sealCredential } from './credentials.ts';
import { demandAllowed } from './http/send-request.ts';
import { allowsCommand } from './mcp/allows-command.ts';
import type { ActionParts } from './parts.ts';
import { type ManifestBody, mistaken, readManifest } from './read-manifest.ts';
import { toolToWire } from './to-wire.ts';
import type { Manifest, Tool } from './tool.ts';
import {
  countTools,
  deleteToolOf,
  findToolById,
  findToolNamed,
  insertTool,
  listToolsOf,
  lockTool,
  replaceTool,
} from './tools.sql.ts';

const NO_SUCH = 'There is no such tool.';
const TOOLS_MAX = 1_000;

type Named = Pick<Tool, 'name' | 'kind' | 'projectId' | 'id'>;

/** The registry: what may be called, by whom it was said, and what it may do. */
export function toolRoutes(parts: ActionParts): Route[] {
  return [
    implement(listTools, async ({ tx, orgId, caller, query }) => {
      const projectId =
        query.project === undefined
          ? seenProject(caller)
          : await projectOf(tx, { orgId, caller, named: query.project });
      return { tools: (await listToolsOf(tx, { orgId, projectId })).map(toolToWire) };
    }),

    implement(getTool, async ({ tx, orgId, caller, params }) =>
      toolToWire(await findTool(tx, { orgId, caller, named: params.tool })),
    ),

    implement(createTool, async ({ tx, orgId, caller, body, audit }) => {
      const projectId = await projectOf(tx, { orgId, caller, named: body.project });
      if ((await countTools(tx, orgId)) >= TOOLS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many tools', {
          detail: `An organization has at most ${TOOLS_MAX} tools.`,
        });
      }
      const named = { id: newId(), projectId, name: body.name, kind: body.kind };
      const made = await make(parts, { orgId, named, body, before: null });
      const row = await insertTool(tx, orgId, {
        ...named,
        ...made,
        enabled: body.enabled ?? true,
        createdBy: nameActor(caller),
      });
      if (row === null) {
        throw new Fault('resource.exists', 'a tool has this name', {
          detail: `There is a tool ${body.name} already.`,
        });
      }
      audit.about(`tool:${row.id}`, detailsOf(row));
      return toolToWire(row);
    }),

    implement(updateTool, async ({ tx, orgId, caller, params, body, audit }) => {
      const { id } = await findOwn(tx, { orgId, caller, named: params.tool });
      await lockTool(tx, orgId, id);
      const before = found(await findToolById(tx, orgId, id), NO_SUCH);
      const made = await make(parts, { orgId, named: before, body, before });
      const enabled = body.enabled ?? before.enabled;
      const by = nameActor(caller);
      const row = found(await replaceTool(tx, orgId, { id, ...made, enabled, by }), NO_SUCH);
      audit.about(`tool:${id}`, detailsOf(row));
      return toolToWire(row);
    }),

    implement(
      deleteTool,
      async ({ tx, orgId, caller, params, audit }): Promise<OutputOf<typeof deleteTool>> => {
        const row = await findOwn(tx, { orgId, caller, named: params.tool });
        await deleteToolOf(tx, orgId, row.id);
        audit.about(`tool:${row.id}`, detailsOf(row));
        return { status: 'ok' };
      },
    ),
  ];
}

async function make(
  parts: ActionParts,
  of: {
    readonly orgId: OrganizationId;
    readonly named: Named;
    readonly body: ManifestBody;
    readonly before: Tool | null;
  },
): Promise<{ manifest: Manifest; digest: string; sealedCredential: string | null }> {
  const { named, before, body } = of;
  const { timeoutMsDefault, resultBytesMaxDefault, commands } = parts.settings;
  const read = readManifest(named, before?.manifest ?? null, body, {
    timeoutMs: timeoutMsDefault,
    resultBytesMax: resultBytesMaxDefault,
  });
  const url = read.http?.url ?? read.mcp?.url ?? null;
  if (url !== null) {
    demandAllowed(read.egress, url);
    const { hostname, port, protocol } = new URL(url);
    const at = Number(port) || (protocol === 'https:' ? 443 : 80);
    parts.egress.check(hostname, at);
  }
  const command = read.mcp?.command ?? null;
  if (command !== null && !allowsCommand(commands, command)) {
    throw mistaken('mcp', 'has a command that TOOL_COMMANDS does not allow');
  }
  for (const [field, schema] of [
    ['input_schema', read.inputSchema],
    ['output_schema', read.outputSchema],
  ] as const) {
    const compiled = schema === null ? null : await compileForeignSchema(schema);
    if (compiled?.kind === 'refused') throw mistaken(field, `is refused: ${compiled.why}`);
  }
  const kept = credentialOf(parts, of, url);
  const manifest = { ...read, credential: kept.place };
  const text = canonicalJson({ manifest, of: named.id });
  if (text === null) throw mistaken('input_schema', 'is nested too deeply');
  const digest = hash('sha256', text, 'hex'); // A4
  return { manifest, digest, sealedCredential: kept.sealed };
}

/** A7. What was given for one place is not sent to another. */
function credentialOf(
  parts: ActionParts,
  { orgId, named, before, body }: Parameters<typeof make>[1],
  url: string | null,
): { readonly sealed: string | null; readonly place: Manifest['credential'] } {
  const { credential } = body;
  if (credential) return sealCredential(parts, { orgId, ...named }, credential);
  if (credential === null || before === null) return { sealed: null, place: null };
  const former = before.manifest.http?.url ?? before.manifest.mcp?.url ?? null;
  const originOf = (at: string | null): string | null => (at === null ? null : new URL(at).origin);
  if (originOf(url) !== originOf(former) && before.sealedCredential !== null) {
    throw mistaken('credential', 'must be given again for another host');
  }
  return { sealed: before.sealedCredential, place: before.manifest.credential };
}

export interface Sought {
  readonly orgId: OrganizationId;
  readonly caller: Caller;
  readonly named: string;
}

/** By id, or by its name as the caller's project sees it. */
async function findTool(tx: Tx, { orgId, caller, named }: Sought): Promise<Tool> {
  const projectId = caller.projectId;
  const row = isId(named)
    ? await findToolById(tx, orgId, named)
    : await findToolNamed(tx, { orgId, projectId, name: named });
  const bound = seenProject(caller);
  const isSeen = bound === null || row?.projectId === null || row?.projectId === bound;
  return found(isSeen ? row : null, NO_SUCH);
}

/** What is of all projects is not one project's to change. */
async function findOwn(tx: Tx, sought: Sought): Promise<Tool> {
  const row = await findTool(tx, sought);
  const bound = boundProject(sought.caller);
  return found(bound === null || row.projectId === bound ? row : null, NO_SUCH);
}

const seenProject = (caller: Caller): ProjectId | null =>
  caller.kind === 'key' || caller.kind === 'run' ? caller.projectId : boundProject(caller);

export const projectOf = (
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly caller: Caller;
    readonly named: string | undefined;
  },
): Promise<ProjectId | null> => chosenProject(tx, of, seenProject(of.caller));

const detailsOf = ({ name, kind, version, digest, projectId, manifest }: Tool) => ({
  name,
  kind,
  version,
  digest,
  mode: manifest.mode,
  project_id: projectId ?? '',
});
