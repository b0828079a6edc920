import { type Endpoint, PERMISSIONS, PROBLEMS, type Surface } from '@sagewai/wire';
import type { TSchema } from 'typebox';

import { closeSchema } from './close-schema.ts';
import { allowsNull } from './compile-output.ts';
import { UNKNOWN_FIELDS } from './unknown-fields.ts';

type Json = Readonly<Record<string, unknown>>;

const JSON_TYPE = 'application/json';

/** Describes endpoints as an OpenAPI 3.1 document. */
export function describeApi(
  endpoints: readonly Endpoint[],
  about: { readonly title: string; readonly version: string },
): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const endpoint of endpoints) {
    (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = describe(endpoint);
  }
  return {
    openapi: '3.1.0',
    info: { title: about.title, version: about.version },
    paths,
    components: { schemas: ERRORS, securitySchemes: SECURITY, parameters: TENANT_HEADERS },
  };
}

function describe(endpoint: Endpoint): Json {
  const { id, summary, permission, surface } = endpoint;
  return {
    operationId: id,
    summary,
    tags: [id.slice(0, id.indexOf('.'))],
    'x-permission': permission,
    parameters: describeParameters(endpoint),
    ...(endpoint.body === undefined ? {} : { requestBody: describeBody(endpoint.body, endpoint) }),
    responses: {
      ...describeSuccess(endpoint),
      default: {
        description: 'A failure',
        content: {
          [surface === 'own' ? 'application/problem+json' : JSON_TYPE]: {
            schema: { $ref: `#/components/schemas/${ERROR_OF[surface]}` },
          },
        },
      },
    },
    security: describeSecurity(endpoint),
  };
}

function describeParameters({ params, query, permission }: Endpoint): Json[] {
  const headers = isForTokens(permission)
    ? Object.keys(TENANT_HEADERS).map((name) => ({ $ref: `#/components/parameters/${name}` }))
    : [];
  return [...fieldsOf(params, 'path'), ...fieldsOf(query, 'query'), ...headers];
}

/** Only an access token chooses an organization or a project; every other credential has its own. */
function isForTokens(permission: Endpoint['permission']): boolean {
  if (permission === 'public') return false;
  const holders: readonly string[] = PERMISSIONS[permission];
  return ['read', 'write', 'admin', 'platform'].some((scope) => holders.includes(scope));
}

function fieldsOf(schema: TSchema | undefined, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Readonly<Record<string, TSchema & { default?: unknown; description?: string }>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || (required.includes(name) && field.default === undefined),
    ...(field.description === undefined ? {} : { description: field.description }),
    schema: field,
  }));
}

const BODY_TYPES = { json: JSON_TYPE, form: 'multipart/form-data', raw: '*/*' } as const;

function describeBody(declared: TSchema, { surface, bodyType }: Endpoint): Json {
  const required = 'required' in declared && Array.isArray(declared.required);
  const schema = UNKNOWN_FIELDS[surface] === 'refuse' ? closeSchema(declared) : declared;
  const type = BODY_TYPES[bodyType ?? 'json'];
  return { required, content: { [type]: { schema } } };
}

function describeSuccess({ output, status = 200, mediaTypes = [JSON_TYPE] }: Endpoint): Json {
  const nothing = { '204': { description: 'Nothing to answer' } };
  if (status === 204) return nothing;
  // The schema is of the first; what else it may come as is described where it was defined.
  const content = mediaTypes.map((type, at) => [type, at === 0 ? { schema: output } : {}] as const);
  const success = { description: 'Success', content: Object.fromEntries(content) };
  return { [String(status)]: success, ...(allowsNull(output) ? nothing : {}) };
}

/** An empty requirement: a public endpoint takes a credential but needs none; health takes none. */
function describeSecurity({ permission, audit }: Endpoint): Json[] {
  if (permission === 'public') return audit === 'skip' ? [{}] : [{}, { bearer: [] }];
  const byWorker = (PERMISSIONS[permission] as readonly string[]).includes('worker');
  return byWorker ? [{ bearer: [] }, { workerId: [], workerSecret: [] }] : [{ bearer: [] }];
}

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer' },
  workerId: { type: 'apiKey', in: 'header', name: 'X-Worker-Id' },
  workerSecret: { type: 'apiKey', in: 'header', name: 'X-Worker-Secret' },
};

const TENANT_HEADERS = {
  organization: {
    name: 'X-Organization',
    in: 'header',
    description: 'Name or id; for platform administrators.',
    schema: { type: 'string' },
  },
  project: {
    name: 'X-Project-ID',
    in: 'header',
    description: 'Name or id; else the project of the credential, else `default`.',
    schema: { type: 'string' },
  },
};

const ERROR_OF = {
  own: 'Problem',
  fleet: 'FleetError',
  openai: 'OpenAiError',
  anthropic: 'AnthropicError',
  litellm: 'OpenAiError',
  sage: 'FleetError',
  ollama: 'OllamaError',
  scim: 'ScimError',
} as const satisfies Record<Surface, keyof typeof ERRORS>;

const TEXT = { type: 'string' };
const CODE = { type: 'string', enum: Object.keys(PROBLEMS) };

function object(properties: Json, optional: readonly string[] = []): Json {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

const MISTAKE = object({
  part: { type: 'string', enum: ['params', 'query', 'body', 'headers'] },
  path: { type: 'string', description: 'A JSON pointer into that part.' },
  message: TEXT,
});

const ERRORS = {
  Problem: object(
    {
      code: CODE,
      title: TEXT,
      status: { type: 'integer' },
      detail: TEXT,
      request_id: TEXT,
      errors: { type: 'array', items: MISTAKE },
    },
    ['errors'],
  ),
  FleetError: object({ detail: TEXT, code: CODE, request_id: TEXT }),
  OllamaError: object({ error: TEXT, code: CODE, request_id: TEXT }),
  ScimError: object(
    { schemas: { type: 'array', items: TEXT }, status: TEXT, scimType: TEXT, detail: TEXT },
    ['scimType'],
  ),
  OpenAiError: object({
    error: object({ message: TEXT, type: TEXT, param: { type: ['string', 'null'] }, code: TEXT }),
  }),
  AnthropicError: object({
    type: { const: 'error' },
    error: object({ type: TEXT, message: TEXT }),
    request_id: TEXT,
  }),
};
