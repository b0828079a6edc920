import { setTimeout as delay } from 'node:timers/promises';

import type { OrganizationId } from '@sagewai/wire';

import { containSecret, cutSecret } from './contain-secret.ts';
import { brokerCredential } from './credentials.ts';
import { type Attempt, sendRequest } from './http/send-request.ts';
import { callMcpTool } from './mcp/call-mcp-tool.ts';
import { mayRetry, type Outcome, settled } from './outcome.ts';
import type { ActionParts } from './parts.ts';
import { isRepeatable, type Tool } from './tool.ts';

/** Makes a call: within its time, again where that is safe, and with nothing in its answer that is secret. */
export async function invoke(
  parts: ActionParts,
  of: {
    readonly orgId: OrganizationId;
    readonly tool: Tool;
    readonly callId: string;
    readonly args: Readonly<Record<string, unknown>>;
  },
): Promise<Outcome> {
  const { tool, orgId, callId, args } = of;
  const { manifest } = tool;
  const untilMs = parts.clock.monotonicMs() + manifest.timeoutMs;
  // One signal for all tries: the time is the call's, not a try's, and what reading the credential takes is of it.
  const signal = AbortSignal.timeout(manifest.timeoutMs);
  let credential: string | null;
  try {
    credential = await brokerCredential(parts, orgId, tool);
  } catch (error) {
    parts.log.error('the credential of a tool cannot be read', { tool: tool.id, error });
    return {
      kind: 'failed',
      error: 'unreachable',
      message: 'the credential of the tool cannot be read',
    };
  }
  if (signal.aborted) {
    const message = 'the credential of the tool was not read in time';
    return { kind: 'failed', error: 'unreachable', message };
  }
  const repeatable = isRepeatable(manifest);
  const attempt: Attempt = { callId, args, credential, signal };
  for (let tried = 0; ; tried += 1) {
    const outcome = settled(await attemptOnce(parts, tool, attempt), repeatable);
    const pauseMs =
      (outcome.kind === 'failed' ? outcome.retryAfterMs : undefined) ??
      parts.settings.retryDelayMs * 2 ** tried;
    const isLast = tried >= manifest.retries || parts.clock.monotonicMs() + pauseMs >= untilMs;
    if (isLast || !mayRetry(outcome, repeatable)) {
      return checkOutcome(parts, tool, contain(outcome, credential));
    }
    await delay(pauseMs);
  }
}

function attemptOnce(parts: ActionParts, tool: Tool, attempt: Attempt): Promise<Outcome> {
  return tool.kind === 'mcp'
    ? callMcpTool(parts, tool, attempt)
    : sendRequest(parts.egress, tool.manifest, attempt);
}

/** A7. */
function contain(outcome: Outcome, secret: string | null): Outcome {
  if (outcome.kind !== 'completed') {
    return { ...outcome, message: cutSecret(containSecret(outcome.message, secret), secret) };
  }
  const result = containSecret(outcome.result, secret);
  if (result === outcome.result || isJson(result)) return { ...outcome, result };
  // A secret of digits stood there as a number.
  const message = 'the tool has answered with its own credential as a number';
  return { kind: 'failed', error: 'garbage', message };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a tool answers is what it has promised, or is not handed on. */
export async function checkOutcome(
  { schemas }: Pick<ActionParts, 'schemas'>,
  tool: Tool,
  outcome: Outcome,
): Promise<Outcome> {
  if (outcome.kind !== 'completed') return outcome;
  if (Buffer.byteLength(outcome.result) > tool.manifest.resultBytesMax) {
    return { kind: 'failed', error: 'oversized', message: 'the tool answers more than it may' };
  }
  const { output } = await schemas.of(tool);
  const [mistake] = output?.(JSON.parse(outcome.result)) ?? [];
  if (mistake === undefined) return outcome;
  const message = `the tool has answered, but not what its schema says: ${mistake.path} ${mistake.message}`;
  return { kind: 'failed', error: 'garbage', message };
}
