import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import { atMost, countOf, fieldOf, NO_USAGE, type Usage } from '../money/usage.ts';

/** Of a text that was heard: tokens, or how long the recording was. */
export function readHeard(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage');
  const seconds = secondsOf(fieldOf(usage, 'seconds')) ?? secondsOf(fieldOf(answer, 'duration'));
  const units = seconds === undefined ? {} : { units: seconds };
  const input = countOf(usage, 'input_tokens');
  const output = countOf(usage, 'output_tokens');
  if (input === undefined || output === undefined) {
    return seconds === undefined ? undefined : { ...NO_USAGE, ...units };
  }
  const audio = countOf(fieldOf(usage, 'input_token_details'), 'audio_tokens');
  return { ...NO_USAGE, input, inputAudio: atMost(input, audio), output, ...units };
}

/** Of a text that was spoken; only streams tell it. */
function readSpoken(event: unknown): Usage | undefined {
  const usage = fieldOf(event, 'usage');
  const input = countOf(usage, 'input_tokens');
  const output = countOf(usage, 'output_tokens');
  if (input === undefined || output === undefined) return undefined;
  return { ...NO_USAGE, input, output, outputAudio: output };
}

/** A second that has begun is charged. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : value;
  const isOne = typeof seconds === 'number' && seconds >= 0 && seconds < 1e9;
  return isOne ? Math.ceil(seconds) : undefined;
}

export class AudioReader implements EventReader {
  usage: Usage | undefined;
  readonly begun = undefined;

  read(data: string): EventKind {
    if (data === '[DONE]') return 'last';
    const event = parseData(data);
    switch (fieldOf(event, 'type')) {
      case 'transcript.text.done':
        this.usage = readHeard(event);
        return 'last';
      case 'speech.audio.done':
        this.usage = readSpoken(event);
        return 'last';
      case 'error':
        return 'failure';
      default:
        return 'content';
    }
  }
}
