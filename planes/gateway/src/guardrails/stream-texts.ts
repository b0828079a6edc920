import type { FormatName } from '../formats/format.ts';
import type { TextPlace } from './text-places.ts';

/** Where in the events of a stream a text is told in pieces, and when it is over. */
export interface StreamTexts {
  /** Which of the texts that are told in pieces a place goes on with; null: it stands alone. */
  readonly channelOf: (event: unknown, path: TextPlace['path']) => string | null;
  /** Texts that are over with this event: those whose names begin like one of these. */
  readonly endedBy: (event: unknown) => readonly string[];
}

const fieldOf = (value: unknown, name: string | number): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string | number, unknown>>)[name]
    : undefined;

const nameOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

const ALL: readonly string[] = [''];
const NONE: readonly string[] = [];

const CHAT: StreamTexts = {
  channelOf: (event, path) => {
    const [choices, at, ...rest] = path;
    if (choices !== 'choices' || typeof at !== 'number') return null;
    const choice = fieldOf(fieldOf(event, 'choices'), at);
    const channel = `${nameOf(fieldOf(choice, 'index') ?? at)}/`;
    if (rest[0] !== 'delta')
      return rest.length === 1 && rest[0] === 'text' ? `${channel}text` : null;
    if (rest[1] !== 'tool_calls') return channel + rest.slice(1).join('.');
    const call = fieldOf(fieldOf(fieldOf(choice, 'delta'), 'tool_calls'), Number(rest[2]));
    const index = nameOf(fieldOf(call, 'index') ?? rest[2]);
    return rest.at(-1) === 'arguments' ? `${channel}tool.${index}` : null;
  },
  endedBy: (event) => {
    const choices = fieldOf(event, 'choices');
    if (!Array.isArray(choices)) return NONE;
    return choices.flatMap((choice: unknown, at) => {
      const reason = fieldOf(choice, 'finish_reason');
      return reason === null || reason === undefined
        ? []
        : [`${nameOf(fieldOf(choice, 'index') ?? at)}/`];
    });
  },
};

const MESSAGES: StreamTexts = {
  channelOf: (event, path) => {
    const [delta, field, ...rest] = path;
    if (delta !== 'delta' || rest.length > 0) return null;
    if (fieldOf(event, 'type') !== 'content_block_delta') return null;
    return `${nameOf(fieldOf(event, 'index'))}/${nameOf(field)}`;
  },
  endedBy: (event) => {
    const type = fieldOf(event, 'type');
    if (type === 'content_block_stop') return [`${nameOf(fieldOf(event, 'index'))}/`];
    return type === 'message_stop' ? ALL : NONE;
  },
};

const responsesChannel = (event: unknown, type: string): string =>
  ['item_id', 'output_index', 'content_index', 'summary_index']
    .map((name) => nameOf(fieldOf(event, name)))
    .concat(type)
    .join('/');

const RESPONSES: StreamTexts = {
  channelOf: (event, path) => {
    const type = nameOf(fieldOf(event, 'type'));
    return path.length === 1 && path[0] === 'delta' && type.endsWith('.delta')
      ? responsesChannel(event, type)
      : null;
  },
  endedBy: (event) => {
    const type = nameOf(fieldOf(event, 'type'));
    if (/^response\.(?:completed|incomplete|failed)$/.test(type)) return ALL;
    return type.endsWith('.done')
      ? [responsesChannel(event, type.replace(/\.done$/, '.delta'))]
      : NONE;
  },
};

const GEMINI: StreamTexts = {
  channelOf: (event, path) => {
    const [candidates, at, content, parts, part, field, ...rest] = path;
    const isText = candidates === 'candidates' && content === 'content' && parts === 'parts';
    if (!isText || field !== 'text' || rest.length > 0) return null;
    const candidate = fieldOf(fieldOf(event, 'candidates'), Number(at));
    const said = fieldOf(fieldOf(fieldOf(candidate, 'content'), 'parts'), Number(part));
    const kind = fieldOf(said, 'thought') === true ? 'thought' : 'text';
    return `${nameOf(fieldOf(candidate, 'index') ?? at)}/${kind}`;
  },
  endedBy: (event) => {
    const candidates = fieldOf(event, 'candidates');
    if (!Array.isArray(candidates)) return NONE;
    return candidates.flatMap((candidate: unknown, at) =>
      typeof fieldOf(candidate, 'finishReason') === 'string'
        ? [`${nameOf(fieldOf(candidate, 'index') ?? at)}/`]
        : [],
    );
  },
};

const lines = (fields: readonly string[]): StreamTexts => ({
  channelOf: (_, path) => {
    const name = path.join('.');
    return fields.includes(name) ? name : null;
  },
  endedBy: (event) => (fieldOf(event, 'done') === true ? ALL : NONE),
});

/**
 * Of a format that is not known here, every place is taken for a text that goes on in the next event: it
 * is held back for longer than it needs, and nothing gets by (W2).
 */
const UNKNOWN: StreamTexts = {
  channelOf: (_, path) => path.join('.'),
  endedBy: () => NONE,
};

const OF: Readonly<Partial<Record<FormatName, StreamTexts>>> = {
  chat: CHAT,
  mixed: CHAT,
  completions: CHAT,
  messages: MESSAGES,
  responses: RESPONSES,
  gemini: GEMINI,
  'ollama-chat': lines(['message.content', 'message.thinking']),
  'ollama-generate': lines(['response', 'thinking']),
};

export const streamTextsOf = (format: FormatName | undefined): StreamTexts =>
  (format === undefined ? undefined : OF[format]) ?? UNKNOWN;
