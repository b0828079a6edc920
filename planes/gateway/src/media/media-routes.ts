import { Fault } from '@sagewai/fault';
import { type FormFile, implementStream, type Route, type StreamInput } from '@sagewai/http';
import {
  createImage,
  createSpeech,
  createTranscription,
  createTranslation,
  editImage,
  varyImage,
} from '@sagewai/wire';

import type { Forward } from '../calls/forward.ts';
import type { Format } from '../formats/format.ts';
import { boundSeconds } from './audio-seconds.ts';
import { SPEECH, TRANSCRIPTIONS, TRANSLATIONS } from './audio.ts';
import { IMAGE_EDITS, IMAGE_VARIATIONS, IMAGES } from './images.ts';

const OWN_HEAD = { hasOwnHead: true };

/** Pictures and recordings. */
export function mediaRoutes({
  forward,
  audioBytesMax,
}: {
  readonly forward: Forward;
  readonly audioBytesMax: number;
}): Route[] {
  const picture =
    (format: Format) =>
    (input: StreamInput): Promise<void> => {
      const { image, 'image[]': images } = input.body as Record<string, unknown>;
      if (image === undefined && images === undefined) throw isMissing('image');
      return forward(input, format);
    };
  const recording =
    (format: Format) =>
    (input: StreamInput): Promise<void> => {
      const { file } = input.body as { readonly file: FormFile };
      const bytes = input.raw.subarray(file.start, file.end);
      if (bytes.length > audioBytesMax) throw isTooLong(audioBytesMax);
      const body = { ...(input.body as object), seconds: boundSeconds(bytes) };
      return forward({ ...input, body }, format);
    };
  return [
    implementStream(createImage, (input) => forward(input, IMAGES), OWN_HEAD),
    implementStream(editImage, picture(IMAGE_EDITS), OWN_HEAD),
    implementStream(varyImage, picture(IMAGE_VARIATIONS), OWN_HEAD),
    implementStream(createTranscription, recording(TRANSCRIPTIONS), OWN_HEAD),
    implementStream(createTranslation, recording(TRANSLATIONS), OWN_HEAD),
    implementStream(createSpeech, (input) => forward(input, SPEECH), OWN_HEAD),
  ];
}

function isMissing(name: string): Fault {
  const message = 'must be a file';
  return new Fault('request.invalid', `no ${name} in the form`, {
    detail: `body/${name} ${message}`,
    mistakes: [{ part: 'body', path: `/${name}`, message }],
  });
}

function isTooLong(bytesMax: number): Fault {
  return new Fault('request.too_large', 'the recording exceeds its limit', {
    detail: `A recording has at most ${bytesMax} bytes here.`,
  });
}
