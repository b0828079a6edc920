import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import { atMost, countOf, fieldOf, NO_USAGE, type Usage } from '../money/usage.ts';

/** Of an answer with pictures: their number, and the tokens of models that count them. */
export function readPictures(answer: object): Usage | undefined {
  const data = fieldOf(answer, 'data');
  const usage = readPictureTokens(answer);
  if (!Array.isArray(data)) return usage;
  return { ...(usage ?? NO_USAGE), units: data.length };
}

export function readPictureTokens(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage');
  const input = countOf(usage, 'input_tokens');
  const output = countOf(usage, 'output_tokens');
  if (input === undefined || output === undefined) return undefined;
  const read = fieldOf(usage, 'input_tokens_details');
  const made = fieldOf(usage, 'output_tokens_details');
  const inputImage = atMost(input, countOf(read, 'image_tokens'));
  return {
    ...NO_USAGE,
    input,
    inputImage,
    cachedInput: atMost(input - inputImage, countOf(read, 'cached_tokens')),
    output,
    // Who does not tell them apart makes nothing but pictures.
    outputImage: atMost(output, countOf(made, 'image_tokens') ?? output),
  };
}

/** Each picture that is complete tells its own usage. */
export class PictureReader implements EventReader {
  usage: Usage | undefined;
  readonly begun = undefined;

  read(data: string): EventKind {
    const event = parseData(data);
    switch (fieldOf(event, 'type')) {
      case 'image_generation.completed':
      case 'image_edit.completed': {
        const told = readPictureTokens(event) ?? NO_USAGE;
        this.usage = add(this.usage ?? { ...NO_USAGE, units: 0 }, { ...told, units: 1 });
        return 'usage';
      }
      case 'error':
        return 'failure';
      default:
        return 'content';
    }
  }
}

function add(one: Usage, other: Usage): Usage {
  const sum = (of: (usage: Usage) => number | undefined): number =>
    (of(one) ?? 0) + (of(other) ?? 0);
  return {
    ...NO_USAGE,
    input: sum(({ input }) => input),
    inputImage: sum(({ inputImage }) => inputImage),
    cachedInput: sum(({ cachedInput }) => cachedInput),
    output: sum(({ output }) => output),
    outputImage: sum(({ outputImage }) => outputImage),
    units: sum(({ units }) => units),
  };
}
