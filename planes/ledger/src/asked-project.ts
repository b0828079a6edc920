import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';

/** The project that a query is about; undefined: all that the caller may see. A bound token sees its own. */
export function askedProject(caller: Caller, asked: string | undefined): string | undefined {
  const bound = boundProject(caller);
  if (bound !== null && asked !== undefined && asked !== bound) {
    throw new Fault('project.missing', 'the token is bound to another project');
  }
  return bound ?? asked;
}
