/** Calls that read and write nothing: what they cost is their input. */
import { CHAT } from './chat.ts';
import type { Asked, Format, FormatName } from './format.ts';

export const ASKED_WITHOUT_OUTPUT: Omit<Asked, 'model'> = {
  wantsStream: false,
  hidesUsage: false,
  // Each of several texts has a context of its own, so that only their bytes bound them all (M1).
  parts: { images: 0, opaque: 0, isLong: true },
  choices: 0,
  hasPrediction: false,
  outputStated: 0,
  keepsHour: false,
  unpriced: undefined,
};

export function formatWithoutOutput(
  name: FormatName,
  of: Pick<Format, 'operation' | 'path' | 'names' | 'read' | 'usageOf'>,
): Format {
  return {
    ...CHAT,
    name,
    ...of,
    capFor: () => undefined,
    seenIn: () => ({ outputBytes: 0, outputChunks: 0 }),
  };
}
