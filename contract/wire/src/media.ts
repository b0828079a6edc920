/**
 * Pictures and recordings, as OpenAI's clients ask for them. Only what decides price, limits or shape is
 * declared. A form's fields are text; a file of it is what it is called and where it stands.
 */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const flag = Type.Union([Type.Boolean(), Type.Null()]);
const model = Type.String({ minLength: 1, maxLength: 300 });
const word = Type.Union([Type.String({ maxLength: 40 }), Type.Null()]);
const formFlag = Type.String({ pattern: '^(?:[Tt]rue|[Ff]alse|1|0)$' });
const formFile = Type.Object({
  filename: Type.String(),
  start: Type.Integer(),
  end: Type.Integer(),
});
const formFiles = Type.Union([formFile, Type.Array(formFile, { maxItems: 16 })]);
const formCount = Type.String({ pattern: '^(?:[1-9]|10)$' });
const formWord = Type.String({ maxLength: 40 });
const partialImages = Type.Union([Type.Integer({ minimum: 0, maximum: 3 }), Type.Null()]);

export const createImage = endpoint({
  id: 'gateway.createImage',
  method: 'POST',
  path: '/v1/images/generations',
  aliases: ['/images/generations'],
  surface: 'openai',
  summary: 'Make pictures from words',
  permission: 'model:call',
  audit: 'batch',
  body: Type.Object({
    model,
    prompt: Type.String(),
    n: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 10 }), Type.Null()])),
    size: Type.Optional(word),
    quality: Type.Optional(word),
    stream: Type.Optional(flag),
    partial_images: Type.Optional(partialImages),
  }),
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

const pictureForm = {
  model,
  n: Type.Optional(formCount),
  size: Type.Optional(formWord),
  quality: Type.Optional(formWord),
  stream: Type.Optional(formFlag),
  partial_images: Type.Optional(Type.String({ pattern: '^[0-3]$' })),
  image: Type.Optional(formFiles),
  'image[]': Type.Optional(formFiles),
};

export const editImage = endpoint({
  id: 'gateway.editImage',
  method: 'POST',
  path: '/v1/images/edits',
  aliases: ['/images/edits'],
  surface: 'openai',
  summary: 'Change pictures as words say',
  permission: 'model:call',
  audit: 'batch',
  bodyType: 'form',
  body: Type.Object({ ...pictureForm, prompt: Type.String(), mask: Type.Optional(formFile) }),
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

export const varyImage = endpoint({
  id: 'gateway.varyImage',
  method: 'POST',
  path: '/v1/images/variations',
  aliases: ['/images/variations'],
  surface: 'openai',
  summary: 'Make pictures that are like one',
  permission: 'model:call',
  audit: 'batch',
  bodyType: 'form',
  body: Type.Object(pictureForm),
  output: Type.Unknown(),
});

const recordingForm = Type.Object({
  model,
  file: formFile,
  prompt: Type.Optional(Type.String()),
  response_format: Type.Optional(formWord),
  stream: Type.Optional(formFlag),
});

export const createTranscription = endpoint({
  id: 'gateway.createTranscription',
  method: 'POST',
  path: '/v1/audio/transcriptions',
  aliases: ['/audio/transcriptions'],
  surface: 'openai',
  summary: 'Write down what a recording says',
  permission: 'model:call',
  audit: 'batch',
  bodyType: 'form',
  body: recordingForm,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/plain', 'text/event-stream'],
});

export const createTranslation = endpoint({
  id: 'gateway.createTranslation',
  method: 'POST',
  path: '/v1/audio/translations',
  aliases: ['/audio/translations'],
  surface: 'openai',
  summary: 'Write down in English what a recording says',
  permission: 'model:call',
  audit: 'batch',
  bodyType: 'form',
  body: recordingForm,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/plain'],
});

export const createSpeech = endpoint({
  id: 'gateway.createSpeech',
  method: 'POST',
  path: '/v1/audio/speech',
  aliases: ['/audio/speech'],
  surface: 'openai',
  summary: 'Speak a text',
  permission: 'model:call',
  audit: 'batch',
  body: Type.Object({
    model,
    input: Type.String({ maxLength: 100_000 }),
    instructions: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    speed: Type.Optional(Type.Union([Type.Number({ minimum: 0.25, maximum: 4 }), Type.Null()])),
    stream_format: Type.Optional(
      Type.Union([Type.Literal('audio'), Type.Literal('sse'), Type.Null()]),
    ),
  }),
  output: Type.Unknown(),
  mediaTypes: ['audio/mpeg', 'text/event-stream'],
});

export const MEDIA_ENDPOINTS = [
  createImage,
  editImage,
  varyImage,
  createTranscription,
  createTranslation,
  createSpeech,
] as const;
