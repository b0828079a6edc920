import { setTimeout as delay } from 'node:timers/promises';

import { sealEntry } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import { CallContents } from './keep-contents.ts';
import type { Outcome } from './outcome.ts';
import type { ActionParts } from './parts.ts';
import type { BegunCall, CallState } from './tool-call.ts';
import { endCall } from './tool-calls.sql.ts';

const TRIES_MAX = 4;

/** Return: what came of an attempt, written with its entry in the audit log. The state that the call is in then. */
export async function finishCall(
  parts: ActionParts,
  of: {
    readonly orgId: OrganizationId;
    readonly actor: string;
    readonly call: BegunCall;
  },
  outcome: Outcome,
): Promise<{ readonly how: 'ended' | 'late'; readonly state: CallState }> {
  const { db, settings, keys } = parts;
  const { orgId, actor, call } = of;
  const { id, attempt } = call;
  const contents = new CallContents(keys, { orgId, id }, call.sealedKey);
  const end = await contents.keep(outcome, { ...parts, ...settings });
  const audit = sealEntry({
    orgId,
    actor,
    action: 'tool.called',
    subject: `tool_call:${id}`,
    outcome: 'ok',
    requestId: '',
    details: {
      tool: call.toolName,
      run_id: call.runId ?? '',
      attempt,
      state: end.state,
      error: end.error ?? '',
      arguments_digest: call.argumentsDigest,
      result_digest: end.resultDigest ?? '',
    },
  });
  const write = async () => {
    const of = { orgId, id, attempt, keepMs: settings.keepMs };
    const ended = await endCall(db, of, { end, audit });
    if (ended === null) throw new Error('a call is gone while it is made');
    return ended;
  };
  // The effect has happened: what is not written is unknown, so that it is tried for a while.
  for (let tried = 1; ; tried += 1) {
    try {
      return await write();
    } catch (error) {
      if (tried === TRIES_MAX) throw error;
      await delay(settings.retryDelayMs * tried);
    }
  }
}
