import { SagewaiError } from '../error.ts';
import { ProjectQuotaExceededError, ProjectRateLimitError } from './errors.ts';

/**
 * A refusal of the context, in the words of the context; everything else as it is. The server says whose
 * limit it was, and which.
 */
export function toProjectError(error: unknown, projectId: string): unknown {
  if (!(error instanceof SagewaiError) || error.status !== 429) return error;
  const { detail, retryAfterMs } = error;
  const of = { projectId, retryAfterMs };
  const [, , limit = '', what] =
    /^Rate limit reached: (\d+) of (\d+) (requests|tokens) per minute of this context/.exec(
      detail,
    ) ?? [];
  if (what === 'requests') {
    const text = `Project ${projectId} exceeded ${limit} requests/min`;
    return new ProjectRateLimitError(text, of, error);
  }
  if (what === 'tokens') {
    const text = `Project ${projectId} would exceed ${limit} tokens/min`;
    return new ProjectRateLimitError(text, of, error);
  }
  const [, usd] = /Max budget: ([\d.]+) \(of this context\)/.exec(detail) ?? [];
  if (usd === undefined) return error;
  return new ProjectQuotaExceededError(`Project ${projectId} would exceed $${usd}/day`, of, error);
}
