import type { WorkflowRow } from '../workflow.ts';
import { record, RPC, RpcError } from './rpc.ts';

const ID_LENGTH_MAX = 200;

export interface A2aMessage {
  /** As its sender made it: two with the same are one. */
  readonly id: string;
  /** The workflow that it names; null: none. */
  readonly skill: string | null;
  readonly texts: readonly string[];
  readonly data: readonly unknown[];
}

/** A message as it begins a task: of words and data, no files, and of no task that there is. */
export function readMessage(params: Readonly<Record<string, unknown>>): A2aMessage {
  const message = record(params['message']);
  const { messageId: id, parts, taskId, contextId, metadata } = message;
  if (typeof id !== 'string' || id === '' || id.length > ID_LENGTH_MAX) {
    throw invalid(`message.messageId must have 1 to ${ID_LENGTH_MAX} characters`);
  }
  if (isGiven(taskId) || isGiven(contextId)) {
    throw new RpcError(
      RPC.unsupported,
      'A task here takes one message: send it without a taskId and a contextId.',
    );
  }
  if (!Array.isArray(parts) || parts.length === 0) throw invalid('message.parts must not be empty');
  const read = parts.map((part) => record(part));
  if (read.some((part) => !('text' in part) && !('data' in part))) {
    throw new RpcError(RPC.contentType, 'Parts are texts or data; files are not taken.');
  }
  const { skill } = { ...record(params['metadata']), ...record(metadata) };
  return {
    id,
    skill: typeof skill === 'string' ? skill : null,
    texts: read.filter((part) => 'text' in part).map(({ text }) => String(text)),
    data: read.filter((part) => 'data' in part).map(({ data }) => data),
  };
}

/**
 * What the workflow is given: the data of the message; or its words, where they are taken as they are or as `message`.
 * What it does not take is refused by its schema.
 */
export function inputOf(
  { texts, data }: A2aMessage,
  { inputSchema }: Pick<WorkflowRow, 'inputSchema'>,
): unknown {
  if (data.length > 1) throw invalid('a message has one part of data at most');
  const said = texts.join('\n');
  const schema = record(inputSchema);
  const takesMessage = 'message' in record(schema['properties']);
  if (data.length === 1) {
    const [given] = data;
    return takesMessage && texts.length > 0 ? { message: said, ...record(given) } : given;
  }
  return takesMessage ? { message: said } : said;
}

export const invalid = (why: string): RpcError => new RpcError(RPC.invalidParams, why);

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
