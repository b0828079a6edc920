/** OpenAI's pictures: made from words, changed, varied. */
import { watch } from '../bytes/find-fields.ts';
import type { Asked, Format } from '../formats/format.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from '../formats/without-output.ts';
import { PROVIDER_PROMPT_TOKENS_MAX } from '../money/meter.ts';
import { type FormBody, formBody, passFormHeaders } from './form-body.ts';
import { priceOfPicture } from './media-price.ts';
import { PictureReader, readPictures } from './picture-usage.ts';

/** A picture of 1024 × 1024 takes so many tokens of output; another as many more as it has pixels. */
const TOKENS_OF = { low: 272, medium: 1_056, high: 4_160 } as const;
const SQUARE = 1_024 * 1_024;
// What a model may choose where it is let to: larger ones are made on demand only.
const PIXELS_UNKNOWN = 2_560 * 1_440;
// Each partial picture of a stream.
const PARTIAL_TOKENS = 100;
const PARTIAL_MAX = 3;
// What a picture that is read takes at most; with high fidelity some 6,300 at OpenAI.
const READ_TOKENS_MAX = 16_384;

const METERED = ['model', 'prompt', 'n', 'size', 'quality', 'stream', 'partial_images'] as const;

type PictureRequest = {
  readonly [Name in (typeof METERED)[number]]?: unknown;
} & Readonly<Record<string, unknown>>;

const PICTURES = {
  operation: 'image_generation',
  names: { top: watch(METERED), options: undefined },
  read: readPictureRequest,
  usageOf: readPictures,
} as const;

function pictureFormat(
  name: 'images' | 'image-edits' | 'image-variations',
  path: string,
  form?: FormBody,
): Format {
  return {
    ...formatWithoutOutput(name, { ...PICTURES, path }),
    ...(form ? { form, passHeaders: passFormHeaders } : {}),
    priceOf: (deployment, { picture }) => priceOfPicture(deployment, picture),
    stream: {
      marks: ['image_generation.completed"', 'image_edit.completed"', '"error"'].map((mark) =>
        Buffer.from(mark),
      ),
      isSaid: () => true,
      open: () => new PictureReader(),
      // How many pictures follow is nowhere said: the end of the connection is the end.
      mustEnd: false,
    },
  };
}

const FORM = formBody(METERED);

export const IMAGES = pictureFormat('images', '/images/generations');
export const IMAGE_EDITS = pictureFormat('image-edits', '/images/edits', FORM);
export const IMAGE_VARIATIONS = pictureFormat('image-variations', '/images/variations', FORM);

export const IMAGE_FORMATS = {
  images: IMAGES,
  'image-edits': IMAGE_EDITS,
  'image-variations': IMAGE_VARIATIONS,
} as const;

/** `given` is JSON, or the fields of a form, which are all text. */
function readPictureRequest(given: unknown): Asked {
  const body = given as PictureRequest;
  const count = Number(body.n ?? 1);
  const wantsStream = body.stream === true || /^(?:true|1)$/i.test(textOf(body.stream) ?? '');
  const partial = wantsStream ? Math.min(PARTIAL_MAX, Number(body.partial_images ?? 0)) : 0;
  const picture = { size: textOf(body.size), quality: textOf(body.quality) };
  const each = tokensOf(picture) + partial * PARTIAL_TOKENS;
  return {
    ...ASKED_WITHOUT_OUTPUT,
    model: String(body.model),
    wantsStream,
    picture: {
      size: picture.size === 'auto' ? undefined : picture.size,
      quality: picture.quality === 'auto' ? undefined : picture.quality,
    },
    media: {
      inputTokens:
        Buffer.byteLength(textOf(body.prompt) ?? '') +
        PROVIDER_PROMPT_TOKENS_MAX +
        countFiles(body) * READ_TOKENS_MAX,
      outputTokens: count * each + PROVIDER_PROMPT_TOKENS_MAX,
      units: count,
    },
  };
}

/** Whatever is no text in a form is a file. */
function countFiles(body: PictureRequest): number {
  return Object.values(body)
    .flatMap((value): unknown => value)
    .filter((value) => typeof value === 'object' && value !== null && 'start' in value).length;
}

function tokensOf({
  size,
  quality,
}: {
  readonly size?: string | undefined;
  readonly quality?: string | undefined;
}): number {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(size ?? '') ?? [];
  const pixels = width === undefined ? PIXELS_UNKNOWN : Number(width) * Number(height);
  const square = quality === 'low' || quality === 'medium' ? TOKENS_OF[quality] : TOKENS_OF.high;
  return Math.ceil((square * pixels) / SQUARE);
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
