import type { Fault } from '@sagewai/fault';
import { type Problem, type ProblemCode, PROBLEMS, type Surface } from '@sagewai/wire';

/** A failure as one kind of client parses it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
}

type Shape = (fault: Fault, requestId: string) => ErrorAnswer;

export const JSON_TYPE = 'application/json; charset=utf-8';
export const SCIM_TYPE = 'application/scim+json; charset=utf-8';

/** One shape a surface. */
export const ERROR_SHAPES = {
  own: (fault, requestId) => ({
    status: PROBLEMS[fault.code].status,
    contentType: 'application/problem+json',
    body: toProblem(fault, requestId),
  }),
  fleet: (fault, requestId) => ({
    status: PROBLEMS[fault.code].status,
    contentType: JSON_TYPE,
    body: { detail: fault.detail, code: fault.code, request_id: requestId },
  }),
  openai: (fault) => {
    const { type, code } = OPENAI[fault.code] ?? ofStatus(OPENAI_BY_STATUS, fault.code);
    const error = { message: fault.detail, type, param: paramOf(fault), code: code ?? fault.code };
    return { status: PROBLEMS[fault.code].status, contentType: JSON_TYPE, body: { error } };
  },
  anthropic: (fault, requestId) => ({
    status: PROBLEMS[fault.code].status,
    contentType: JSON_TYPE,
    body: {
      type: 'error',
      error: { type: ofStatus(ANTHROPIC_BY_STATUS, fault.code), message: fault.detail },
      request_id: requestId,
    },
  }),
  litellm: (fault) => {
    const special = LITELLM[fault.code];
    const status = special?.status ?? PROBLEMS[fault.code].status;
    const error = {
      message: `${special?.prefix ?? ''}${fault.detail}`,
      type: special?.type ?? ofStatus(OPENAI_BY_STATUS, fault.code).type,
      param: special?.param ?? paramOf(fault) ?? 'None',
      code: String(status),
    };
    return { status, contentType: JSON_TYPE, body: { error } };
  },
  sage: (fault, requestId) => ({
    status: PROBLEMS[fault.code].status,
    contentType: JSON_TYPE,
    body: { detail: fault.detail, code: fault.code, request_id: requestId },
  }),
  // Its clients read `error` as text; the code is for whoever reads the answer.
  ollama: (fault, requestId) => ({
    status: PROBLEMS[fault.code].status,
    contentType: JSON_TYPE,
    body: { error: fault.detail, code: fault.code, request_id: requestId },
  }),
  // RFC 7644, 3.12: the status is a text, and `scimType` one of the standard's own words.
  scim: (fault) => {
    const { status } = PROBLEMS[fault.code];
    const scimType = SCIM[fault.code];
    const body = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      ...(scimType === undefined ? {} : { scimType }),
      detail: fault.detail,
    };
    return { status, contentType: SCIM_TYPE, body };
  },
} as const satisfies Record<Surface, Shape>;

const SCIM: { readonly [Code in ProblemCode]?: string } = {
  'request.malformed': 'invalidSyntax',
  'request.invalid': 'invalidValue',
  'resource.exists': 'uniqueness',
  'scim.filter': 'invalidFilter',
  'scim.path': 'invalidPath',
  'scim.syntax': 'invalidSyntax',
  'scim.target': 'noTarget',
  'scim.mutability': 'mutability',
  'scim.too_many': 'tooMany',
};

export function toProblem(fault: Fault, requestId: string): Problem {
  const { code, detail, mistakes } = fault;
  const { title, status } = PROBLEMS[code];
  const problem = { code, title, status, detail, request_id: requestId };
  return mistakes.length > 0 ? { ...problem, errors: mistakes } : problem;
}

interface OpenAiKind {
  readonly type: string;
  readonly code?: string;
}

/** The words that OpenAI's clients look for. */
const OPENAI: { readonly [Code in ProblemCode]?: OpenAiKind } = {
  'caller.unknown': { type: 'invalid_request_error', code: 'invalid_api_key' },
  'model.missing': { type: 'invalid_request_error', code: 'model_not_found' },
  'budget.exceeded': { type: 'budget_exceeded', code: '429' },
  'rate.exceeded': { type: 'requests', code: 'rate_limit_exceeded' },
};

const OPENAI_BY_STATUS: readonly (readonly [number, OpenAiKind])[] = [
  [401, { type: 'authentication_error' }],
  [403, { type: 'permission_error' }],
  [429, { type: 'rate_limit_error' }],
  [400, { type: 'invalid_request_error' }],
  [500, { type: 'server_error' }],
];

const ANTHROPIC_BY_STATUS: readonly (readonly [number, string])[] = [
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [400, 'invalid_request_error'],
  [503, 'overloaded_error'],
  [504, 'timeout_error'],
  [500, 'api_error'],
];

interface LiteLlmKind {
  readonly type: string;
  readonly status?: number;
  readonly prefix?: string;
  readonly param?: string;
}

const LITELLM: { readonly [Code in ProblemCode]?: LiteLlmKind } = {
  'caller.unknown': { type: 'auth_error', prefix: 'Authentication Error, ' },
  'caller.forbidden': { type: 'auth_error', prefix: 'Authentication Error, ' },
  'model.forbidden': { type: 'key_model_access_denied', status: 401, param: 'model' },
  'budget.exceeded': { type: 'budget_exceeded' },
  'rate.exceeded': { type: 'throttling_error' },
};

/** The entry of the status itself, else the one of its class (400 or 500). */
function ofStatus<Kind>(table: readonly (readonly [number, Kind])[], code: ProblemCode): Kind {
  const { status } = PROBLEMS[code];
  const of = (wanted: number): Kind | undefined => table.find(([at]) => at === wanted)?.[1];
  const kind = of(status) ?? of(status < 500 ? 400 : 500);
  if (kind === undefined) throw new Error(`no error type for status ${status}`);
  return kind;
}

/** The first mistake as a path with dots, as these clients show it. */
function paramOf({ mistakes }: Fault): string | null {
  const [first] = mistakes;
  return first === undefined || first.path === '' ? null : first.path.slice(1).replaceAll('/', '.');
}
