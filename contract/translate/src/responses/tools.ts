/** Tools and calls of Responses, in chat's words and back. */
import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { type Losses, Untranslatable } from '../translation.ts';

/**
 * What becomes of tools that take free text. Only OpenAI's chat knows them (`keep`); elsewhere they are
 * functions with one field, and their calls are turned back.
 */
export type CustomTools = 'keep' | 'function';

/** The field that stands for the text of a custom tool. */
const INPUT = 'input';

interface ToolOptions {
  readonly losses: Losses;
  readonly customTools: CustomTools;
}

/** `tools`, `tool_choice` and `parallel_tool_calls`: the last two make sense beside tools only. */
export function choiceAndTools(request: JsonObject, options: ToolOptions): JsonObject {
  const choice = request['tool_choice'];
  const allowed = isObject(choice) && choice['type'] === 'allowed_tools' ? choice : undefined;
  const names = allowed && new Set(objectsOf(allowed['tools']).map(nameOf));
  const tools = flatten(request['tools'])
    .filter(({ tool }) => names === undefined || names.has(nameOf(tool)))
    .flatMap(({ tool }) => toolToChat(tool, options));
  if (tools.length === 0) {
    if (choice === 'required' || isObject(choice)) throw noSuchTool(choice);
    return {};
  }
  const seen = new Set<string>();
  for (const tool of tools) {
    const name = nameOf(tool);
    if (seen.has(name)) throw new Untranslatable('tools', `two tools are called ${name}`);
    seen.add(name);
  }
  return compact({
    tools,
    tool_choice: choiceToChat(allowed ? allowed['mode'] : choice, options.customTools),
    parallel_tool_calls: request['parallel_tool_calls'] ?? undefined,
  });
}

/** The tools of a request, those in namespaces among them. */
function flatten(tools: Json | undefined): { readonly tool: JsonObject; readonly space: string }[] {
  return objectsOf(tools).flatMap((tool) =>
    tool['type'] === 'namespace'
      ? objectsOf(tool['tools']).map((each) => ({ tool: each, space: textOf(tool['name']) }))
      : [{ tool, space: '' }],
  );
}

/** Flat as Responses has it, or nested as chat has it. */
const madeOf = (tool: JsonObject): JsonObject =>
  isObject(tool['function']) ? tool['function'] : isObject(tool['custom']) ? tool['custom'] : tool;

const nameOf = (tool: JsonObject): string => textOf(madeOf(tool)['name']);

/** A tool that OpenAI runs itself is something that a model may do, not something that it must. */
function toolToChat(tool: JsonObject, { losses, customTools }: ToolOptions): JsonObject[] {
  const type = textOf(tool['type']);
  const made = madeOf(tool);
  if (type === 'function') {
    return [
      compact({
        type,
        function: compact({
          name: textOf(made['name']),
          description: made['description'] ?? undefined,
          parameters: made['parameters'] ?? { type: 'object', properties: {} },
          strict: made['strict'] === true ? true : undefined,
        }),
        cache_control: tool['cache_control'],
      }),
    ];
  }
  if (type !== 'custom') {
    losses.add(`tools.${type || 'unknown'}`);
    return [];
  }
  if (customTools === 'keep') return [customToChat(made)];
  if (isObject(made['format']) && made['format']['type'] === 'grammar')
    losses.add('tools.custom.format');
  return [customToFunction(made)];
}

function customToChat(made: JsonObject): JsonObject {
  const { name, description, format } = made;
  const grammar =
    isObject(format) && format['type'] === 'grammar' && !isObject(format['grammar'])
      ? {
          type: 'grammar',
          grammar: compact({ syntax: format['syntax'], definition: format['definition'] }),
        }
      : format;
  return { type: 'custom', custom: compact({ name: textOf(name), description, format: grammar }) };
}

/** A grammar cannot be enforced, but it can be told. */
function customToFunction(made: JsonObject): JsonObject {
  const format = isObject(made['format']) ? made['format'] : {};
  const grammar = isObject(format['grammar']) ? format['grammar'] : format;
  const definition = textOf(grammar['definition']);
  const told =
    definition === ''
      ? 'The whole input, as plain text.'
      : `Plain text that keeps to this ${textOf(grammar['syntax'])} grammar:\n${definition}`;
  return {
    type: 'function',
    function: compact({
      name: textOf(made['name']),
      description: made['description'] ?? undefined,
      parameters: {
        type: 'object',
        properties: { [INPUT]: { type: 'string', description: told } },
        required: [INPUT],
        additionalProperties: false,
      },
    }),
  };
}

function choiceToChat(choice: Json | undefined, customTools: CustomTools): Json | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (!isObject(choice)) return choice;
  const name = nameOf(choice);
  switch (textOf(choice['type'])) {
    case 'function':
      return { type: 'function', function: { name } };
    case 'custom':
      return customTools === 'keep'
        ? { type: 'custom', custom: { name } }
        : { type: 'function', function: { name } };
    default:
      throw noSuchTool(choice);
  }
}

const noSuchTool = (choice: Json): Untranslatable => {
  const what = isObject(choice) ? textOf(choice['type']) : textOf(choice);
  return new Untranslatable('tool_choice', `there is no tool here for the choice ${what}`);
};

/** A call of the history. */
export function callOfItem(item: JsonObject, customTools: CustomTools): JsonObject {
  const id = textOf(item['call_id']) || textOf(item['id']);
  const name = textOf(item['name']);
  if (item['type'] === 'function_call') {
    return {
      id,
      type: 'function',
      function: { name, arguments: textOf(item['arguments']) || '{}' },
    };
  }
  const input = textOf(item['input']);
  return customTools === 'keep'
    ? { id, type: 'custom', custom: { name, input } }
    : { id, type: 'function', function: { name, arguments: JSON.stringify({ [INPUT]: input }) } };
}

/** What the tools of a request are: calls are told apart by the names of theirs. */
export interface KnownTools {
  readonly custom: ReadonlySet<string>;
  /** From the name of a tool to the namespace that it stands in. */
  readonly spaces: ReadonlyMap<string, string>;
}

export function knownTools(request: JsonObject): KnownTools {
  const all = flatten(request['tools']);
  return {
    custom: new Set(
      all.filter(({ tool }) => tool['type'] === 'custom').map(({ tool }) => nameOf(tool)),
    ),
    spaces: new Map(
      all.filter(({ space }) => space !== '').map(({ tool, space }) => [nameOf(tool), space]),
    ),
  };
}

export interface MadeCall {
  readonly callId: string;
  readonly name: string;
  readonly text: string;
  /** The model called it as a tool that takes free text; else `text` is JSON. */
  readonly isCustom: boolean;
}

/** A call that the model made, as an item of the answer. */
export function itemOfCall(call: MadeCall, status: string, known: KnownTools): JsonObject {
  const { callId, name, text } = call;
  const namespace = known.spaces.get(name);
  if (!call.isCustom && !known.custom.has(name)) {
    const id = `fc_${callId}`;
    return compact({
      id,
      type: 'function_call',
      status,
      call_id: callId,
      name,
      namespace,
      arguments: text,
    });
  }
  const input = call.isCustom ? text : inputOf(text);
  return compact({
    id: `ctc_${callId}`,
    type: 'custom_tool_call',
    status,
    call_id: callId,
    name,
    namespace,
    input,
  });
}

/** What stands in the one field; a model that wrote something else is taken at its word. */
export function inputOf(text: string): string {
  try {
    const made: unknown = JSON.parse(text);
    return isObject(made) && typeof made[INPUT] === 'string' ? made[INPUT] : text;
  } catch {
    return text;
  }
}

export const isCustomCall = (item: JsonObject): boolean => item['type'] === 'custom_tool_call';
