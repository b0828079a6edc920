import { type EmbeddedPostgresState, inspectEmbeddedPostgres } from '@sagewai/embedded-postgres';

import { failure, type Finding, ok, warning } from '../finding.ts';

export interface EmbeddedFindings {
  readonly findings: readonly Finding[];
  /** Where its data is, or will be. */
  readonly dataDir: string | null;
  /** Where it can be looked into; null when it does not run. */
  readonly url: string | null;
}

/** Without DATABASE_URL: what `sagewai up` would use here. */
export async function checkEmbedded(home: string): Promise<EmbeddedFindings> {
  const state = await inspectEmbeddedPostgres(home);
  return { findings: judgeEmbedded(state), dataDir: state.dataDir, url: state.url };
}

export function judgeEmbedded(state: EmbeddedPostgresState): Finding[] {
  const { problem, mode } = state;
  if (problem !== null) return [failure('database', problem.message, problem.remedy)];
  const findings = [judgeRunning(state)];
  if (mode === 'nobody') {
    findings.push(
      warning(
        'namespaces',
        'user namespaces are forbidden here: as root, PostgreSQL keeps its files under /var/lib/sagewai',
        'Start Sagewai as an ordinary user to keep everything in SAGEWAI_HOME.',
      ),
    );
  }
  return findings;
}

function judgeRunning({
  binaries,
  dataBytes,
  dataMajor,
  owner,
  pid,
}: EmbeddedPostgresState): Finding {
  const version = binaries ? ` ${binaries.version} (${binaries.source})` : '';
  const data =
    dataMajor === null ? 'no data yet' : `${(dataBytes / 2 ** 20).toFixed(0)} MiB of data`;
  const found = `embedded PostgreSQL${version}, ${data}`;
  if (pid === null) return ok('database', found);
  if (owner.kind === 'held') {
    return ok('database', `${found}; run by process ${owner.ownerPid ?? 'unknown'}`);
  }
  return warning(
    'database',
    `${found}; it still runs (process ${pid}), and who started it was killed`,
    `\`sagewai up\` takes it over; to stop it instead: kill -INT ${pid}`,
  );
}
