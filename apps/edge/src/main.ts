import { parseArgs } from 'node:util';

import {
  ConfigError,
  explain,
  explanationText,
  findMisspellings,
  readConfig,
} from '@sagewai/config';
import { createLog } from '@sagewai/log';
import { stopSignal } from '@sagewai/server/stop-signal';

import manifest from '../package.json' with { type: 'json' };
import { EDGE_FIELDS } from './config.ts';
import { MountError } from './mount.ts';
import { startEdge } from './start-edge.ts';

const HELP = `Usage: sage-edge [options]      (or: sagewai edge [options])

Mounts the whole gateway at / or below a prefix, and answers /healthz and /readyz itself.

  --host ADDRESS       where to listen (SAGE_EDGE_HOST; 0.0.0.0)
  --port N             the port (SAGE_EDGE_PORT; 8899)
  --llm-prefix PATH    below which path the gateway is mounted (SAGE_EDGE_LLM_PREFIX; /)
  --no-llm             mount nothing: health alone
  --upstream URL       the gateway, in another process (SAGE_EDGE_UPSTREAM)
  --mounts LIST        further gateways: /eu=URL,eu.example.com=URL (SAGE_EDGE_MOUNTS)
  --tls-cert FILE      serve HTTPS with this certificate (SAGE_EDGE_TLS_CERT_FILE)
  --tls-key FILE       and this key (SAGE_EDGE_TLS_KEY_FILE)
  --log-level LEVEL    debug, info, warning or error (SAGE_EDGE_LOG_LEVEL; info)

Without an upstream the gateway runs in this process when DATABASE_URL is set, with the settings of
\`sagewai server\`; else the one at SAGEWAI_URL (http://localhost:8000) is mounted.
\`sagewai config explain edge\` lists every setting.
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  'llm-prefix': { type: 'string' },
  'no-llm': { type: 'boolean' },
  upstream: { type: 'string' },
  mounts: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'explain-config': { type: 'boolean' },
} as const;

/** The edge's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, json, 'explain-config': asked, 'no-llm': noLlm, ...given } = values;
    const flags = { ...given, ...(noLlm === true ? { 'no-llm': 'true' } : {}) };
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true)
      process.stdout.write(explanationText(explain(EDGE_FIELDS, sources), json === true));
    else return await serve(flags);
    return 0;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    process.stderr.write(`${error.message}\n`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`  because: ${cause.message}\n`);
    }
    const isUnparsed = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    if (isUnparsed) process.stderr.write('(`sage-edge --help` lists the options)\n');
    const isWrong = error instanceof ConfigError || error instanceof MountError;
    return isUnparsed || isWrong ? 2 : 1;
  }
}

async function serve(flags: Readonly<Record<string, string>>): Promise<number> {
  const environment = process.env;
  const config = readConfig(EDGE_FIELDS, { flags, environment });
  const log = createLog({ level: config.sageEdgeLogLevel, name: 'edge' });
  for (const { name, suggestion } of findMisspellings(Object.keys(EDGE_FIELDS), environment)) {
    if (name.startsWith('SAGE_EDGE_'))
      log.warn('a setting is not known', { setting: name, did_you_mean: suggestion });
  }
  const stop = stopSignal(() => {
    log.warn('told to stop again: ending at once');
    process.exit(1);
  });
  const exit = { code: 0 };
  const edge = await startEdge({
    config,
    environment,
    log,
    version: manifest.version,
    signal: stop.signal,
    onFailure: (error) => {
      log.error('the gateway cannot be opened: stopping', { error });
      exit.code = error instanceof ConfigError ? 2 : 1;
      stop.now();
    },
  });
  await stop.stopped;
  log.info('draining');
  await edge.stop();
  log.info('stopped');
  return exit.code;
}
