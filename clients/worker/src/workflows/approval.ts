import type { Resume } from '../lease.ts';
import type { RunVoice } from '../run-journal.ts';
import { CHILDREN, RunFailed, RunWaits } from './workflow.ts';

const NAME = 'start';

/**
 * `approval` of a payload: the run asks a person before it begins. True, or `{name, prompt,
 * timeout_seconds}`. Throws the wait; returns when it has been approved, or nobody has to.
 */
export function demandApproval(asked: unknown, resume: Resume | null, voice: RunVoice): void {
  if (asked === undefined || asked === null || asked === false) return;
  const { name, prompt, timeoutSeconds } = readApproval(asked);
  if (resume === null) {
    voice.log(`waits for approval${prompt === undefined ? '' : `: ${prompt}`}`);
    throw new RunWaits({
      for: 'approval',
      name,
      ...(prompt === undefined ? {} : { prompt }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    });
  }
  // It has been approved, and has waited for its children since.
  if (resume.kind === 'children' || resume.name === CHILDREN) return;
  if (resume.kind === 'timeout') throw new RunFailed('nobody approved it in time');
  if (resume.kind === 'denied') throw new RunFailed(`denied by ${resume.by ?? 'somebody'}`);
  voice.log(`approved by ${resume.by ?? 'somebody'}`);
}

interface Approval {
  readonly name: string;
  readonly prompt: string | undefined;
  readonly timeoutSeconds: number | undefined;
}

function readApproval(asked: unknown): Approval {
  if (asked === true) return { name: NAME, prompt: undefined, timeoutSeconds: undefined };
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw unreadable();
  const { name = NAME, prompt, timeout_seconds: seconds } = asked as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw unreadable();
  if (prompt !== undefined && typeof prompt !== 'string') throw unreadable();
  if (seconds !== undefined && (typeof seconds !== 'number' || !(seconds >= 0))) throw unreadable();
  return { name, prompt, timeoutSeconds: seconds };
}

const unreadable = (): RunFailed =>
  new RunFailed('approval must be true or {name, prompt, timeout_seconds}');
