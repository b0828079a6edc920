import { Fault } from '@sagewai/fault';
import { isObject, type JsonObject } from '@sagewai/translate';

import { SPELLINGS } from '../formats/gemini.ts';

/** Throws for a body that could be read in another way than it is paid for. */
export function checkGemini(body: JsonObject, wantsStream: boolean): void {
  for (const [name, plain] of Object.entries(SPELLINGS.top)) {
    if (body[name] !== undefined) throw mistaken(name, `must be spelt ${plain}`);
  }
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  for (const [name, plain] of Object.entries(SPELLINGS.config)) {
    if (config[name] !== undefined)
      throw mistaken(`generationConfig/${name}`, `must be spelt ${plain}`);
  }
  // Which of several candidates is the last to end, a stream does not tell.
  if (wantsStream && config['candidateCount'] !== undefined && config['candidateCount'] !== 1)
    throw mistaken('generationConfig/candidateCount', 'must be 1 in a stream');
}

export function mistaken(path: string, message: string): Fault {
  return new Fault('request.invalid', 'a request that cannot be passed on', {
    detail: `${path} ${message}.`,
    mistakes: [{ part: 'body', path: `/${path}`, message }],
  });
}
