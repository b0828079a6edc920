import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { Labels } from './selector.ts';

/** What every run of a project requires, and what it gets where it says nothing. */
export interface ProjectRouting {
  readonly labels: Labels;
  readonly pool: string | null;
  readonly model: string | null;
}

export const NO_ROUTING: ProjectRouting = { labels: {}, pool: null, model: null };

export interface ProjectRoutingsOptions {
  readonly read: (orgId: OrganizationId, projectId: ProjectId) => Promise<ProjectRouting>;
  /** How long an answer is trusted: how late a change on another replica may be noticed. */
  readonly trustMs: number;
  readonly monotonicMs: () => number;
}

const REMEMBERED_MAX = 10_000;

interface Remembered {
  readonly routing: ProjectRouting;
  readonly readMs: number;
}

/** What projects require, remembered for a moment: a submission waits for a look only now and then. */
export class ProjectRoutings {
  readonly #options: ProjectRoutingsOptions;
  readonly #remembered = new Map<ProjectId, Remembered>();
  readonly #underWay = new Map<ProjectId, Promise<ProjectRouting>>();

  constructor(options: ProjectRoutingsOptions) {
    this.#options = options;
  }

  find(orgId: OrganizationId, projectId: ProjectId): ProjectRouting | Promise<ProjectRouting> {
    const known = this.#remembered.get(projectId);
    const { trustMs, monotonicMs } = this.#options;
    if (known !== undefined && known.readMs > monotonicMs() - trustMs) return known.routing;
    const asked = this.#underWay.get(projectId) ?? this.#read(orgId, projectId);
    this.#underWay.set(projectId, asked);
    return asked;
  }

  /** It has just changed here: what is on its way may be older than the change. */
  forget(projectId: ProjectId): void {
    this.#remembered.delete(projectId);
    this.#underWay.delete(projectId);
  }

  async #read(orgId: OrganizationId, projectId: ProjectId): Promise<ProjectRouting> {
    // As of before the question: what changes while it is on its way may be missing from the answer.
    const readMs = this.#options.monotonicMs();
    const asked = this.#options.read(orgId, projectId);
    try {
      const routing = await asked;
      if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.clear();
      if (this.#underWay.has(projectId)) this.#remembered.set(projectId, { routing, readMs });
      return routing;
    } finally {
      this.#underWay.delete(projectId);
    }
  }
}
