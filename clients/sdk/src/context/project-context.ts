import { AsyncLocalStorage } from 'node:async_hooks';

import { ProjectRequiredError } from './errors.ts';

export interface ProjectLimits {
  readonly maxTokensPerMinute: number;
  readonly maxRequestsPerMinute: number;
  readonly maxCostPerDayUsd: number;
}

export interface ProjectContextOptions extends Partial<ProjectLimits> {
  /** Of a context in another one: that of the outer one. */
  readonly projectId?: string;
}

export const PROJECT_DEFAULTS: ProjectLimits = {
  maxTokensPerMinute: 100_000,
  maxRequestsPerMinute: 60,
  maxCostPerDayUsd: 100,
};

const storage = new AsyncLocalStorage<ProjectContext>();

/**
 * What a part of a program may use, wherever its calls are made from. The server keeps it: processes with
 * the same context share one sliding minute and one UTC day. One in another narrows it, and counts in both.
 */
export class ProjectContext {
  readonly projectId: string;
  readonly limits: ProjectLimits;
  /** What calls bring along: this context, after those around it. */
  readonly header: string;

  private constructor(projectId: string, limits: ProjectLimits, outer: ProjectContext | undefined) {
    this.projectId = projectId;
    this.limits = limits;
    const own = headerOf(limits);
    this.header = outer === undefined ? own : joined(outer.header, own);
  }

  static run<Output>(options: ProjectContextOptions, work: () => Output): Output {
    return storage.run(ProjectContext.#enter(options), work);
  }

  /** The one that the caller is in; undefined: none. */
  static find(): ProjectContext | undefined {
    return storage.getStore();
  }

  static current(): ProjectContext {
    const context = storage.getStore();
    if (context !== undefined) return context;
    throw new ProjectRequiredError(
      'A project is required: call this within ProjectContext.run(…)',
      {
        projectId: null,
      },
    );
  }

  static #enter(options: ProjectContextOptions): ProjectContext {
    const outer = storage.getStore();
    const projectId = options.projectId ?? outer?.projectId;
    if (projectId === undefined || projectId === '') {
      throw new ProjectRequiredError('A project is required: name it as projectId', {
        projectId: null,
      });
    }
    if (outer !== undefined && outer.projectId !== projectId) {
      throw new ProjectRequiredError(
        `Project ${outer.projectId} is active: a context in it cannot be of ${projectId}`,
        { projectId: outer.projectId },
      );
    }
    return new ProjectContext(projectId, narrow(options, outer?.limits), outer);
  }
}

/** `name` in the project's own collections. */
export const scopedCollection = (name: string): string =>
  `${ProjectContext.current().projectId}__${name}`;

/** `key` among the project's own keys. */
export const scopedKey = (key: string): string => `${ProjectContext.current().projectId}:${key}`;

const NAMES = ['maxTokensPerMinute', 'maxRequestsPerMinute', 'maxCostPerDayUsd'] as const;

/** What is not said is what it is around it, else the default; what is said never allows more. */
function narrow(asked: Partial<ProjectLimits>, outer: ProjectLimits | undefined): ProjectLimits {
  const limitOf = (name: (typeof NAMES)[number]): number => {
    const limit = asked[name] ?? outer?.[name] ?? PROJECT_DEFAULTS[name];
    const isWhole = name === 'maxCostPerDayUsd' || Number.isSafeInteger(limit);
    if (!(limit >= 0 && limit <= 1_000_000_000 && isWhole)) {
      throw new RangeError(`${name} cannot be ${limit}`);
    }
    return Math.min(limit, outer?.[name] ?? Infinity);
  };
  return {
    maxTokensPerMinute: limitOf('maxTokensPerMinute'),
    maxRequestsPerMinute: limitOf('maxRequestsPerMinute'),
    maxCostPerDayUsd: limitOf('maxCostPerDayUsd'),
  };
}

const headerOf = (limits: ProjectLimits): string =>
  `tokens=${limits.maxTokensPerMinute},requests=${limits.maxRequestsPerMinute},usd=${usdText(limits.maxCostPerDayUsd)}`;

/** One that narrows nothing is the one around it. */
const joined = (outer: string, own: string): string =>
  outer.split('; ').includes(own) ? outer : `${outer}; ${own}`;

/** Without an exponent. */
const usdText = (usd: number): string => usd.toFixed(12).replace(/\.?0+$/, '');
