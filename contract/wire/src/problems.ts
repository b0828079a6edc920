interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly retry: 'never' | 'later';
}

/** Every failure a caller can see. Codes are stable; titles may change. */
export const PROBLEMS = {
  'request.invalid': { status: 400, title: 'The request is not valid', retry: 'never' },
  'request.malformed': { status: 400, title: 'The request cannot be read', retry: 'never' },
  'request.too_large': { status: 413, title: 'The body is too large', retry: 'never' },
  'request.overlong': { status: 431, title: 'The headers are too large', retry: 'never' },
  'request.late': { status: 408, title: 'The request did not arrive in time', retry: 'later' },
  'request.unsupported': {
    status: 415,
    title: 'The content type is not supported',
    retry: 'never',
  },
  'request.unroutable': { status: 404, title: 'There is no such endpoint', retry: 'never' },
  'request.method': { status: 405, title: 'The endpoint has no such method', retry: 'never' },
  'request.cancelled': { status: 499, title: 'The caller went away', retry: 'never' },
  'caller.unknown': { status: 401, title: 'Credentials are missing or wrong', retry: 'never' },
  'caller.forbidden': { status: 403, title: 'The credential does not allow this', retry: 'never' },
  'caller.stale': { status: 403, title: 'Prove again who you are', retry: 'never' },
  'caller.forged': {
    status: 403,
    title: 'The request does not come from our own pages',
    retry: 'never',
  },
  'organization.missing': { status: 404, title: 'There is no such organization', retry: 'never' },
  'organization.required': { status: 400, title: 'Say which organization', retry: 'never' },
  'project.missing': { status: 404, title: 'There is no such project', retry: 'never' },
  'resource.missing': { status: 404, title: 'There is no such resource', retry: 'never' },
  'resource.exists': { status: 409, title: 'It exists already', retry: 'never' },
  'state.conflict': { status: 409, title: 'Its state does not allow this', retry: 'never' },
  'state.outdated': { status: 412, title: 'It was changed in between', retry: 'never' },
  'idempotency.conflict': {
    status: 409,
    title: 'The idempotency key was used for another request',
    retry: 'never',
  },
  'enrollment.invalid': { status: 401, title: 'The enrollment key is not valid', retry: 'never' },
  'worker.unapproved': { status: 403, title: 'The worker is not approved', retry: 'later' },
  'worker.revoked': { status: 401, title: 'The worker was revoked', retry: 'never' },
  'worker.evicted': { status: 401, title: 'The worker was evicted', retry: 'never' },
  'proof.required': {
    status: 401,
    title: 'A proof of the worker’s key pair is required',
    retry: 'never',
  },
  'worker.locked': { status: 403, title: 'The worker is locked', retry: 'never' },
  'worker.banned': { status: 403, title: 'The worker is banned', retry: 'never' },
  'worker_session.replaced': {
    status: 409,
    title: 'A newer session of this worker exists',
    retry: 'never',
  },
  'lease.lost': { status: 409, title: 'The lease is no longer held', retry: 'never' },
  'workflow.input': {
    status: 422,
    title: 'The input is not what the workflow takes',
    retry: 'never',
  },
  'model.missing': { status: 404, title: 'There is no such model', retry: 'never' },
  'model.forbidden': {
    status: 403,
    title: 'The credential does not allow this model',
    retry: 'never',
  },
  'model.unpriced': { status: 400, title: 'The model has no known price', retry: 'never' },
  'call.over_budget': {
    status: 400,
    title: 'The call does not fit the budget that it brings along',
    retry: 'never',
  },
  'guardrail.blocked': {
    status: 400,
    title: 'A guardrail does not let this pass',
    retry: 'never',
  },
  'guardrail.unavailable': {
    status: 503,
    title: 'A guardrail could not be asked',
    retry: 'later',
  },
  'budget.exceeded': { status: 429, title: 'The budget is used up', retry: 'later' },
  'rate.exceeded': { status: 429, title: 'The rate limit is reached', retry: 'later' },
  'queue.full': { status: 429, title: 'The queue is full', retry: 'later' },
  'upstream.refused': {
    status: 502,
    title: 'The model provider could not be reached',
    retry: 'later',
  },
  'upstream.broken': { status: 502, title: 'The model provider answered nonsense', retry: 'later' },
  'upstream.late': {
    status: 504,
    title: 'The model provider did not answer in time',
    retry: 'later',
  },
  'scim.filter': { status: 400, title: 'The filter is not supported', retry: 'never' },
  'scim.path': { status: 400, title: 'The path names nothing', retry: 'never' },
  'scim.syntax': { status: 400, title: 'The message is not one of SCIM', retry: 'never' },
  'scim.target': { status: 400, title: 'The path selects no value', retry: 'never' },
  'scim.mutability': { status: 400, title: 'This cannot be changed here', retry: 'never' },
  'scim.too_many': { status: 400, title: 'That is more than is answered at once', retry: 'never' },
  'egress.refused': { status: 400, title: 'The address may not be called', retry: 'never' },
  'service.busy': { status: 503, title: 'The service is overloaded', retry: 'later' },
  'service.draining': { status: 503, title: 'The service is shutting down', retry: 'later' },
  'service.unavailable': { status: 503, title: 'A dependency is not available', retry: 'later' },
  'service.broken': { status: 500, title: 'Something failed on our side', retry: 'never' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One mistake in a request. `path` is a JSON pointer into the part of the request that `part` names. */
export interface Mistake {
  readonly part: 'params' | 'query' | 'body' | 'headers';
  readonly path: string;
  readonly message: string;
}

/** RFC 9457, the body of every failure on our own surfaces (`application/problem+json`). */
export interface Problem {
  readonly code: ProblemCode;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly Mistake[];
}
