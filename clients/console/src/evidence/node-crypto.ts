/** What the verifier takes of Node's `crypto`, for a browser: `vite.config.ts` puts it in its place. */
import { sha256Hex } from './sha256.ts';

interface Hash {
  update(text: string): Hash;
  digest(encoding: 'hex'): string;
}

export function createHash(_algorithm: 'sha256'): Hash {
  let all = '';
  const hash: Hash = {
    update: (text) => {
      all += text;
      return hash;
    },
    digest: () => sha256Hex(all),
  };
  return hash;
}
