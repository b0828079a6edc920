/** OpenAI's recordings: heard, heard in another language, spoken. */
import type { FormFile } from '@sagewai/http';

import { watch } from '../bytes/find-fields.ts';
import type { Asked, Format } from '../formats/format.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from '../formats/without-output.ts';
import { PROVIDER_PROMPT_TOKENS_MAX } from '../money/meter.ts';
import type { AudioSeconds } from './audio-seconds.ts';
import { AudioReader, readHeard } from './audio-usage.ts';
import { formBody, passFormHeaders } from './form-body.ts';
import { priceOfListening, priceOfSpeaking } from './media-price.ts';

/** What a second of a recording takes; OpenAI counts 1,000 a minute that is heard, and 1,250 that is spoken. */
const HEARD_TOKENS_PER_SECOND = 17;
const HEARD_TOKENS_PER_SECOND_MAX = 25;
const SPOKEN_TOKENS_PER_SECOND = 21;
// Of a text that is written down; fast talkers say four words a second.
const WRITTEN_TOKENS_PER_SECOND = 4;
const WRITTEN_TOKENS_PER_SECOND_MAX = 20;
// Of a text that is spoken: the most is for numbers and for scripts with a sign a word.
const SECONDS_PER_BYTE_MAX = 0.25;
const SECONDS_PER_BYTE = 1 / 15;
const SPEED_MIN = 0.25;

const HEARD = ['model', 'prompt', 'response_format', 'stream'] as const;

/** What a form with a recording is to its format: the recording was measured where its bytes are at hand. */
export interface HeardRequest {
  readonly model: string;
  readonly prompt?: string;
  readonly stream?: string;
  readonly file: FormFile;
  readonly seconds: AudioSeconds;
}

const STREAM: Format['stream'] = {
  marks: ['transcript.text.done"', 'speech.audio.done"', '"error"', '[DONE]'].map((mark) =>
    Buffer.from(mark),
  ),
  isSaid: () => true,
  open: () => new AudioReader(),
  mustEnd: true,
};

function heardFormat(name: 'transcriptions' | 'translations', path: string): Format {
  const operation = name === 'translations' ? 'translation' : 'transcription';
  const names = { top: watch(HEARD), options: undefined };
  return {
    ...formatWithoutOutput(name, {
      operation,
      path,
      names,
      read: readHeardRequest,
      usageOf: readHeard,
    }),
    form: formBody(HEARD),
    passHeaders: (headers) => ({ ...passFormHeaders(headers), accept: '*/*' }),
    otherAnswers: /^(?:text\/(?:plain|vtt|srt)|application\/x-subrip)\b/i,
    priceOf: priceOfListening,
    stream: STREAM,
  };
}

function readHeardRequest(given: unknown): Asked {
  const { model, prompt = '', stream = '', seconds } = given as HeardRequest;
  const text = Buffer.byteLength(prompt) + PROVIDER_PROMPT_TOKENS_MAX;
  const { most, likely } = seconds;
  return {
    ...ASKED_WITHOUT_OUTPUT,
    model,
    wantsStream: /^(?:true|1)$/i.test(stream),
    media: {
      inputTokens: text + most * HEARD_TOKENS_PER_SECOND_MAX,
      outputTokens: PROVIDER_PROMPT_TOKENS_MAX + most * WRITTEN_TOKENS_PER_SECOND_MAX,
      units: most,
      likely: {
        inputTokens: likely * HEARD_TOKENS_PER_SECOND,
        outputTokens: likely * WRITTEN_TOKENS_PER_SECOND,
        units: likely,
      },
    },
  };
}

interface SpeechRequest {
  readonly model: string;
  readonly input: string;
  readonly instructions?: string | null;
  readonly speed?: number | null;
  readonly stream_format?: string | null;
}

export const TRANSCRIPTIONS = heardFormat('transcriptions', '/audio/transcriptions');
export const TRANSLATIONS = heardFormat('translations', '/audio/translations');

export const SPEECH: Format = {
  ...formatWithoutOutput('speech', {
    operation: 'speech',
    path: '/audio/speech',
    names: {
      top: watch(['model', 'input', 'instructions', 'speed', 'stream_format', 'response_format']),
      options: undefined,
    },
    read: readSpeechRequest,
    usageOf: () => undefined,
  }),
  passHeaders: () => ({ accept: '*/*' }),
  otherAnswers: /^(?:audio\/|application\/octet-stream\b)/i,
  priceOf: priceOfSpeaking,
  stream: STREAM,
};

function readSpeechRequest(given: unknown): Asked {
  const { model, input, instructions, speed, stream_format: as } = given as SpeechRequest;
  const bytes = Buffer.byteLength(input);
  const slow = Math.max(SPEED_MIN, Math.min(1, speed ?? 1));
  const seconds = (each: number): number => Math.ceil((bytes * each) / slow);
  const written = bytes + Buffer.byteLength(instructions ?? '');
  // Characters as JavaScript counts them: never fewer than there are.
  const units = input.length;
  return {
    ...ASKED_WITHOUT_OUTPUT,
    model,
    wantsStream: as === 'sse',
    media: {
      inputTokens: written + PROVIDER_PROMPT_TOKENS_MAX,
      outputTokens: seconds(SECONDS_PER_BYTE_MAX) * SPOKEN_TOKENS_PER_SECOND,
      units,
      likely: {
        inputTokens: Math.ceil(written / 3),
        outputTokens: seconds(SECONDS_PER_BYTE) * SPOKEN_TOKENS_PER_SECOND,
        units,
      },
    },
  };
}

export const AUDIO_FORMATS = {
  transcriptions: TRANSCRIPTIONS,
  translations: TRANSLATIONS,
  speech: SPEECH,
} as const;
