import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import type { ProjectId } from '@sagewai/wire';

/** The project of a key that is being made: the caller's, which must be one. `how` says how to name it. */
export function projectOfKey({ projectId }: Caller, how: string): ProjectId {
  if (projectId !== null) return projectId;
  throw new Fault('project.missing', 'a key needs a project', { detail: how });
}
