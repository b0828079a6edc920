import { Fault } from '@sagewai/fault';
import { isObject } from '@sagewai/translate';

import type { Guardrail } from './guardrail.ts';

/** Names in the metadata of a key or a team; null: they cannot be read, and so nothing may pass. */
export function readNames(metadata: Readonly<Record<string, unknown>>): readonly string[] | null {
  const names = metadata['guardrails'];
  if (names === undefined || names === null) return [];
  return Array.isArray(names) && names.every((name) => typeof name === 'string')
    ? (names as string[])
    : null;
}

/**
 * Those that a call passes: what the operator has for every call or for its project, what its key and its
 * team have, and what it asks for itself. None of them takes away what another demands.
 */
export function chooseGuardrails(
  all: readonly Guardrail[],
  of: {
    readonly projectId: string | null;
    /** Of the key and its team. */
    readonly names: readonly string[] | null;
    readonly body: unknown;
  },
): readonly Guardrail[] {
  const { projectId, names, body } = of;
  const asked = isObject(body) ? body['guardrails'] : undefined;
  if (all.length === 0 && names?.length === 0 && asked === undefined) return NONE;
  const known = new Set(all.map(({ name }) => name));
  if (names === null) throw isUnknown('the metadata of its key or team cannot be read');
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw isUnknown(`there is none with the name ${unknown}`); // W2
  const wanted = new Set([...names, ...readAsked(asked, known)]);
  return all.filter(
    ({ name, isDefault, projects }) =>
      isDefault || wanted.has(name) || (projectId !== null && projects.has(projectId)),
  );
}

const NONE: readonly Guardrail[] = [];

function readAsked(asked: unknown, known: ReadonlySet<string>): readonly string[] {
  if (asked === undefined || asked === null) return [];
  const isNames = Array.isArray(asked) && asked.every((name) => typeof name === 'string');
  const unknown = isNames ? (asked as string[]).find((name) => !known.has(name)) : undefined;
  if (isNames && unknown === undefined) return asked as string[];
  const message = isNames ? `has ${unknown ?? ''}, which there is not` : 'must be a list of names';
  throw new Fault('request.invalid', 'guardrails that there are not', {
    detail: `guardrails ${message}: GET /api/v1/guardrails lists them.`,
    mistakes: [{ part: 'body', path: '/guardrails', message }],
  });
}

const isUnknown = (why: string): Fault =>
  new Fault('guardrail.unavailable', `a guardrail of a key: ${why}`, {
    detail: `A guardrail of this key cannot be applied: ${why}. Nothing passes without it.`,
  });
