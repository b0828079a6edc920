import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
import { type Losses, Untranslatable } from './translation.ts';

/** OpenAI's tools, nested or flat (as Cursor sends them), in Anthropic's words. */
export function toolsToMessages(tools: Json | undefined, losses: Losses): JsonObject[] {
  return objectsOf(tools).flatMap((tool) => {
    if (tool['type'] !== 'function') {
      losses.add(`tools.${textOf(tool['type']) || 'unknown'}`);
      return [];
    }
    const made = isObject(tool['function']) ? tool['function'] : tool;
    return [
      compact({
        name: textOf(made['name']),
        description: made['description'],
        input_schema: made['parameters'] ?? { type: 'object', properties: {} },
        strict: made['strict'] === true ? true : undefined,
        cache_control: tool['cache_control'],
      }),
    ];
  });
}

/** Tools that Anthropic runs itself have no counterpart: without them the answer would be another. */
export function toolsToChat(tools: Json | undefined): JsonObject[] {
  return objectsOf(tools).map((tool) => {
    const type = textOf(tool['type']);
    if (type !== '' && type !== 'custom') {
      throw new Untranslatable('tools', `the tool ${type} runs at Anthropic only`);
    }
    return compact({
      type: 'function',
      function: compact({
        name: textOf(tool['name']),
        description: tool['description'],
        parameters: tool['input_schema'],
        strict: tool['strict'] === true ? true : undefined,
      }),
      cache_control: tool['cache_control'],
    });
  });
}

/** A choice makes sense beside tools only, and some providers refuse it without. */
export function choiceToMessages(request: JsonObject): JsonObject | undefined {
  const choice = request['tool_choice'];
  const alone = request['parallel_tool_calls'] === false;
  const kind = kindOfChoice(choice);
  if (kind === undefined)
    return alone ? { type: 'auto', disable_parallel_tool_use: true } : undefined;
  const sequential = alone && kind['type'] !== 'none' ? { disable_parallel_tool_use: true } : {};
  return { ...kind, ...sequential };
}

function kindOfChoice(choice: Json | undefined): JsonObject | undefined {
  if (choice === 'required') return { type: 'any' };
  if (choice === 'auto' || choice === 'none') return { type: choice };
  if (!isObject(choice)) return undefined;
  const named = isObject(choice['function']) ? choice['function'] : choice;
  return { type: 'tool', name: textOf(named['name']) };
}

export function choiceToChat(choice: Json | undefined): JsonObject {
  if (!isObject(choice)) return {};
  const parallel =
    choice['disable_parallel_tool_use'] === true ? { parallel_tool_calls: false } : {};
  switch (textOf(choice['type'])) {
    case 'any':
      return { tool_choice: 'required', ...parallel };
    case 'tool':
      return {
        tool_choice: { type: 'function', function: { name: textOf(choice['name']) } },
        ...parallel,
      };
    case 'none':
      return { tool_choice: 'none' };
    default:
      return { tool_choice: 'auto', ...parallel };
  }
}
