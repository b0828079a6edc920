import { inspectEmbeddedPostgres } from '@sagewai/embedded-postgres';

import { failure, type Finding, ok, warning } from '../finding.ts';

/** Without DATABASE_URL: what `sagewai up` would use here. */
export async function checkEmbedded(home: string): Promise<Finding[]> {
  const { problem, binaries, mode, pid } = await inspectEmbeddedPostgres(home);
  if (problem !== null) return [failure('database', problem.message, problem.remedy)];
  const version = binaries ? `PostgreSQL ${binaries.version} (${binaries.source})` : 'PostgreSQL';
  const found = ok('database', `embedded ${version}${pid === null ? '' : `, running as ${pid}`}`);
  if (mode !== 'nobody') return [found];
  return [
    found,
    warning(
      'namespaces',
      'user namespaces are forbidden here: as root, PostgreSQL keeps its files under /var/lib/sagewai',
      'Start Sagewai as an ordinary user to keep everything in SAGEWAI_HOME.',
    ),
  ];
}
