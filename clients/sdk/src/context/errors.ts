/** What a project context allows is used up; texts are for people. */
export class ProjectError extends Error {
  readonly projectId: string | null;
  /** What the server asked to wait before the next try; null: it does not help. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    of: { readonly projectId: string | null; readonly retryAfterMs?: number | null },
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
    this.projectId = of.projectId;
    this.retryAfterMs = of.retryAfterMs ?? null;
  }
}

/** Too many requests or tokens in any 60 seconds. */
export class ProjectRateLimitError extends ProjectError {}

/** Too much money in the UTC day, or a soft limit that stops. */
export class ProjectQuotaExceededError extends ProjectError {}

/** Something that belongs to a project was asked for outside of one. */
export class ProjectRequiredError extends ProjectError {}
