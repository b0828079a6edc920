import { Fault } from '@sagewai/fault';
import { AUTO, type ClassifiedRequest } from '@sagewai/wire';

import { POOL_DEFAULT } from '../runs/run.ts';
import type { Submission, Submitting } from '../runs/submissions.ts';
import { sealDemandOf } from '../secrecy/seal-keys.ts';
import type { ProjectRouting } from './project-routing.ts';

/** What a run gets that leaves its model or its pool to how complex it seems. */
export interface AutoTarget {
  readonly model: string;
  /** Null: as if the run had named none. */
  readonly pool: string | null;
}

/** Null: the project has no tiers. */
export type ChooseTier = (
  of: Submitting,
  request: ClassifiedRequest,
) => Promise<{ readonly targets: readonly AutoTarget[] } | null>;

/** What of a submission says `auto`, by itself or by its project's default. */
interface Auto {
  readonly model: boolean;
  readonly pool: boolean;
}

/** Submissions without `auto`: as they came, or with the names that their tiers have. */
export async function resolveAuto(
  submissions: readonly Submission[],
  of: {
    readonly project: ProjectRouting;
    readonly by: Submitting;
    readonly chooseTier: ChooseTier;
  },
): Promise<readonly Submission[]> {
  const autos = submissions.map((asked) => autoOf(asked, of.project));
  if (!autos.some(({ model, pool }) => model || pool)) return submissions;
  return Promise.all(
    submissions.map(async (asked, at) => {
      const auto = autos[at];
      if (auto === undefined || !(auto.model || auto.pool)) return asked;
      if (sealDemandOf(asked.payload).kind !== 'none') {
        throw refused('A sealed payload cannot be read here: name its model and its pool.');
      }
      const choice = await of.chooseTier(of.by, classified(asked.payload));
      const [target] = choice?.targets ?? [];
      if (target === undefined) {
        throw refused(
          'The project has no models for `auto`: `sagewai models tiers set` says which it has.',
        );
      }
      return withTarget(asked, { auto, target, project: of.project });
    }),
  );
}

function autoOf({ model, pool, routing }: Submission, project: ProjectRouting): Auto {
  return {
    model: (model === undefined ? project.model : model) === AUTO,
    pool: (pool ?? routing?.worker_pool ?? project.pool) === AUTO,
  };
}

function withTarget(
  asked: Submission,
  of: { readonly auto: Auto; readonly target: AutoTarget; readonly project: ProjectRouting },
): Submission {
  const named = of.auto.model ? { ...asked, model: of.target.model } : asked;
  if (!of.auto.pool) return named;
  const pool =
    of.target.pool ?? (of.project.pool === AUTO ? null : of.project.pool) ?? POOL_DEFAULT;
  const { routing } = named;
  const where =
    routing?.worker_pool === undefined ? {} : { routing: { ...routing, worker_pool: pool } };
  return { ...named, ...where, pool };
}

/** What of a payload is a request to a model: messages, or one message to an agent, or all of it. */
function classified(payload: Submission['payload']): ClassifiedRequest {
  const { messages, message, agent, system, tools } = payload as Readonly<Record<string, unknown>>;
  const of = (typeof agent === 'object' && agent !== null ? agent : {}) as ClassifiedRequest;
  const content = typeof message === 'string' ? message : JSON.stringify(payload);
  return {
    messages: Array.isArray(messages) ? messages : [{ role: 'user', content }],
    system: system ?? of.system,
    tools: tools ?? of.tools,
  };
}

const refused = (detail: string): Fault =>
  new Fault('request.invalid', 'a run that says auto cannot be decided', { detail });
