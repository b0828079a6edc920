import { failure, type Finding, ok } from '../finding.ts';

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > 24 || (major === 24 && minor >= 12);
  if (enough) return ok('node', version);
  return failure(
    'node',
    `${version} is too old`,
    'Use Node 24.12 or newer; in a clone `npm run up` brings its own.',
  );
}
