import type { ErrorObject } from 'ajv';

/** Where and what, without the value: it may be a secret. */
export function explainMistake(error: ErrorObject): { path: string; message: string } {
  const { instancePath: path, params } = error;
  switch (error.keyword) {
    case 'required':
      return { path: below(path, params['missingProperty']), message: 'is required' };
    case 'additionalProperties':
      return { path: below(path, params['additionalProperty']), message: 'is not a known field' };
    case 'unevaluatedProperties':
      return { path: below(path, params['unevaluatedProperty']), message: 'is not a known field' };
    case 'const':
      return { path, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    case 'enum':
      return { path, message: oneOf(params['allowedValues'] as unknown[]) };
    case 'anyOf':
      return { path, message: explainUnion(error.schema) };
    case 'format': {
      const isId = params['format'] === 'uuid';
      return { path, message: isId ? 'is not an id' : (error.message ?? 'is not valid') };
    }
    case 'pattern':
      return { path, message: explainPattern(error) };
    default:
      return { path, message: error.message ?? 'is not valid' };
  }
}

/** One that is a value or null: what is wrong with the value is told, not that it is not null either. */
export const isNullable = ({ keyword, schema }: ErrorObject): boolean =>
  keyword === 'anyOf' &&
  Array.isArray(schema) &&
  schema.length === 2 &&
  schema.some((member: { type?: unknown }) => member.type === 'null');

/** What the schema says of itself is easier to read than its pattern. */
function explainPattern({ parentSchema, message }: ErrorObject): string {
  const { description } = (parentSchema ?? {}) as { readonly description?: unknown };
  return typeof description === 'string'
    ? `must be ${description.replace(/\.$/, '')}`
    : (message ?? 'is not valid');
}

function below(path: string, field: unknown): string {
  return `${path}/${String(field).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function explainUnion(members: unknown): string {
  const constants = Array.isArray(members)
    ? members.map((member: { const?: unknown }) => member.const)
    : [undefined];
  return constants.includes(undefined) ? 'has none of the allowed forms' : oneOf(constants);
}

function oneOf(values: readonly unknown[]): string {
  return `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
}
