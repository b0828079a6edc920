import { hash } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { type BodyOf, type callTool, canonicalJson } from '@sagewai/wire';

import { callKey, type CallName } from './call-key.ts';
import type { Calling } from './calling.ts';
import { sealArguments } from './keep-contents.ts';
import type { ActionParts } from './parts.ts';
import type { Beginning, BegunCall } from './tool-call.ts';
import { beginCall, denyCall, findOpenKey, giveUpCall } from './tool-calls.sql.ts';
import { isRepeatable, isWithin, needsApproval, type Tool } from './tool.ts';
import {
  findToolNamed,
  ORGANIZATION_SCOPE,
  ownScope,
  projectScope,
  toolScope,
} from './tools.sql.ts';

export interface Accepted {
  readonly tool: Tool;
  readonly call: BegunCall;
  readonly how: 'begun' | 'waiting' | 'running' | 'ended';
}

export type Asked = BodyOf<typeof callTool> & {
  readonly tool: string;
  /** Of a call that there is: it is made again. */
  readonly key?: Buffer;
  /** Its step is nobody's name for it. */
  readonly isUnnamed?: boolean;
};

/** Build and gate: what is asked for is checked, is one call, and may be made now (A1, A2, A4, A6). */
export async function acceptCall(
  parts: ActionParts,
  calling: Calling,
  asked: Asked,
): Promise<Accepted> {
  const { db, settings } = parts;
  const text = canonicalJson(asked.arguments);
  if (text === null) throw invalid('', 'is nested too deeply');
  const { orgId, projectId } = calling;
  const tool = await findCallable(parts, calling, asked);
  const id = newId();
  const { manifest } = tool;
  const argumentsDigest = hash('sha256', text, 'hex');
  const beginning = await beginCall(db, {
    orgId,
    projectId,
    id,
    key: asked.key ?? (await keyOf(db, { calling, asked, tool, id, text, argumentsDigest })),
    toolId: tool.id,
    toolName: tool.name,
    toolVersion: tool.version,
    toolDigest: tool.digest,
    mode: manifest.mode,
    runId: calling.runId,
    step: asked.step ?? null,
    argumentsDigest,
    ...sealArguments(parts.keys, { orgId, id }, text),
    requestedBy: calling.actor,
    needsApproval: needsApproval(manifest),
    isRepeatable: isRepeatable(manifest),
    timeoutMs: manifest.timeoutMs + settings.graceMs,
    decideMs: settings.decideMs,
    scopes: [ORGANIZATION_SCOPE, projectScope(projectId), ownScope(projectId), toolScope(tool.id)],
  });
  // Whoever is refused by what it finds has that written, too: no fault undoes it.
  await closeWhatIsOver(db, calling, { beginning, keepMs: settings.keepMs });
  const how = demandMade(beginning);
  const { attempt, sealedKey } = beginning;
  const { runId } = calling;
  return {
    tool,
    how,
    call: {
      id: beginning.id,
      attempt,
      sealedKey,
      runId,
      argumentsDigest,
      toolName: tool.name,
    },
  };
}

async function findCallable(
  { db, schemas }: ActionParts,
  { orgId, projectId, runId }: Calling,
  asked: Asked,
): Promise<Tool> {
  const tool = found(
    await findToolNamed(db, { orgId, projectId, name: asked.tool }),
    'There is no such tool.',
  );
  if (!tool.enabled) {
    throw new Fault('state.conflict', 'the tool is disabled', { detail: 'The tool is disabled.' });
  }
  if (tool.kind === 'worker' && runId === null) {
    throw new Fault('caller.forbidden', 'a function of a worker is called by runs', {
      detail: 'This tool is a function of the worker: only a run calls it, with its run token.',
    });
  }
  const { mode } = tool.manifest;
  if (asked.mode !== undefined && !isWithin(mode, asked.mode)) {
    throw new Fault('caller.forbidden', `the tool may do ${mode}`, {
      detail: `The tool may do more (${mode}) than the caller wants done (${asked.mode}).`,
    });
  }
  const { input } = await schemas.of(tool);
  const mistakes = input(asked.arguments);
  if (mistakes.length > 0) {
    throw new Fault('request.invalid', 'the arguments are not what the tool takes', {
      detail: mistakes.map(({ path, message }) => `arguments${path} ${message}`).join('; '),
      mistakes: mistakes.map((one) => ({ ...one, path: `/arguments${one.path}` })),
    });
  }
  return tool;
}

/** Without a key of its caller's, what waits for a person is found again by its arguments. */
async function keyOf(
  db: Db,
  of: {
    readonly calling: Calling;
    readonly asked: Asked;
    readonly tool: Tool;
    readonly id: string;
    readonly text: string;
    readonly argumentsDigest: string;
  },
): Promise<Buffer> {
  const { calling, tool, argumentsDigest } = of;
  const name = nameOf(calling, of.asked, of);
  const isUnnamed = name.kind === 'own' || of.asked.isUnnamed === true;
  if (!isUnnamed || !needsApproval(tool.manifest)) return callKey(tool.id, name);
  const { orgId, projectId, actor: requestedBy } = calling;
  const open = await inTenant(db, [orgId], (tx) =>
    findOpenKey(tx, { orgId, projectId, toolId: tool.id, requestedBy, argumentsDigest }),
  );
  return open ?? callKey(tool.id, name);
}

function nameOf(
  { runId, actor }: Calling,
  { step, idempotency_key: key }: Asked,
  { id, text }: { readonly id: string; readonly text: string },
): CallName {
  if (runId !== null) {
    if (step === undefined) throw invalid('/step', 'must be there: it makes the call of a run one');
    return { kind: 'step', runId, step, arguments: text };
  }
  return key === undefined ? { kind: 'own', id } : { kind: 'key', actor, key };
}

async function closeWhatIsOver(
  db: Db,
  { orgId, actor }: Calling,
  { beginning: { how, id }, keepMs }: { readonly beginning: Beginning; readonly keepMs: number },
): Promise<void> {
  if (how !== 'void' && how !== 'late' && how !== 'lost') return;
  await inTenant(db, [orgId], async (tx) => {
    const error = how === 'void' ? 'changed' : 'denied';
    const isClosed =
      how === 'lost'
        ? await giveUpCall(tx, { orgId, id, keepMs })
        : await denyCall(tx, { orgId, id, by: null, error, messageSealed: null, keepMs });
    if (!isClosed) return;
    await appendAudit(tx, {
      orgId,
      actor,
      action: how === 'lost' ? 'tool.unknown' : 'tool.denied',
      subject: `tool_call:${id}`,
      outcome: 'ok',
      requestId: '',
      details: { why: how },
    });
  });
}

function demandMade({ how, waitMs }: Beginning): Accepted['how'] {
  switch (how) {
    case 'begun':
    case 'waiting':
    case 'running':
    case 'ended':
      return how;
    case 'lost':
      return 'ended';
    case 'limited':
      throw new Fault('rate.exceeded', 'a rate of tools is used up', {
        detail: 'The tool, its project or its organization has been called as often as it may be.',
        ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
      });
    case 'conflict':
      throw new Fault('idempotency.conflict', 'the key stands for other arguments');
    case 'void':
      throw new Fault('state.conflict', 'the tool was changed since', {
        detail: 'The tool was changed since this call was approved: the approval is void.',
      });
    case 'late':
      throw new Fault('state.conflict', 'the call has waited for too long', {
        detail: 'The time in which this call could be approved, or made, is over.',
      });
  }
}

const invalid = (path: string, message: string): Fault =>
  new Fault('request.invalid', message, {
    detail: `body${path} ${message}.`,
    mistakes: [{ part: 'body', path, message }],
  });
