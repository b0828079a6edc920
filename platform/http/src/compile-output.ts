import { Fault } from '@sagewai/fault';
import type { Endpoint } from '@sagewai/wire';
import build from 'fast-json-stringify';
import type { TSchema } from 'typebox';

/** JSON text of a success, without fields that the schema does not declare; null: no content. */
export type Serialise = (output: unknown) => string | null;

/** `null` answers 204, where the output schema allows it. */
export function compileOutput({ id, output: schema, status }: Endpoint): Serialise {
  const mayBeEmpty = status === 204 || allowsNull(schema);
  if (status === 204) return () => null;
  const stringify = writerOf.get(schema) ?? build(schema as Parameters<typeof build>[0]);
  writerOf.set(schema, stringify);
  return (output) => {
    if (output === null || output === undefined) {
      if (mayBeEmpty) return null;
      throw new Fault('service.broken', `${id} answered nothing`);
    }
    try {
      return stringify(output);
    } catch (cause) {
      throw new Fault('service.broken', `${id} answered what its schema does not allow`, { cause });
    }
  };
}

/** Once a process, as what is read is. */
const writerOf = new WeakMap<TSchema, ReturnType<typeof build>>();

export function allowsNull(schema: TSchema): boolean {
  const { type, anyOf } = schema as { type?: unknown; anyOf?: readonly TSchema[] };
  return type === 'null' || (anyOf ?? []).some(allowsNull);
}
