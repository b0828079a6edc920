import { Fault } from '@sagewai/fault';

import {
  type Asked,
  type DecidedRequirement,
  decideRequirement,
} from '../matching/decide-requirement.ts';
import type { ProjectRouting } from '../matching/project-routing.ts';

/** What a run requires, or which part of what it asks for cannot be. */
export function demandRequirement(
  asked: Asked,
  project: ProjectRouting,
  at: number,
): DecidedRequirement {
  const decided = decideRequirement(asked, project);
  if (decided.kind === 'decided') return decided;
  const { path, message } = decided;
  throw new Fault('request.invalid', `a run asks for what cannot be: ${path}`, {
    detail: `${path}: ${message}.`,
    mistakes: [{ part: 'body', path: `/${at}/${path}`, message }],
  });
}
