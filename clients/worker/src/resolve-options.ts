import { homedir } from 'node:os';

import { ConfigError, expandHome } from '@sagewai/config';
import type { WorkerCredentials } from '@sagewai/sdk';
import { createNodeSend, readCa, readSealKey } from '@sagewai/sdk/node';
import type { HpkeKeyPair } from '@sagewai/seal';

import type { WorkerConfig } from './config.ts';
import { createCredentialStore } from './credentials/credential-store.ts';
import { type Environment, runEnvironment } from './credentials/run-scope.ts';
import { loadWorkflows } from './durable/load-workflows.ts';
import type { WorkflowTable } from './durable/run-durable.ts';
import { EXEC, execWorkflow } from './exec/exec-workflow.ts';
import { openCommands } from './exec/open-commands.ts';
import { FINETUNE, finetuneWorkflow } from './finetune/finetune-workflow.ts';
import type { WorkerLog } from './log.ts';
import { ollamaUrl } from './ollama-url.ts';
import { takeKey, withKey } from './own-key.ts';
import type { WorkerOptions } from './worker-options.ts';

const trimmed = (url: string): string => url.replace(/\/+$/, '');

export interface ResolveWith {
  readonly environment: Environment;
  readonly log: WorkerLog;
  /** Of a program of its own, beside those of the modules. */
  readonly workflows?: WorkflowTable;
  /** In place of a file. */
  readonly credentials?: WorkerCredentials;
}

/** From what was configured to what the worker uses. */
export async function resolveOptions(
  config: WorkerConfig,
  { environment, log, ...given }: ResolveWith,
): Promise<WorkerOptions> {
  const serverCa = config.sagewaiCaFile === null ? null : await readCaOf(config.sagewaiCaFile);
  const sealKey = config.workerSealKeyFile
    ? await sealKeyOf(expandHome(config.workerSealKeyFile, homedir()))
    : null;
  const openaiKey = config.openaiApiKey?.reveal() ?? '';
  const anthropicKey = config.anthropicApiKey?.reveal() ?? '';
  const place = {
    url: trimmed(config.fleetGatewayUrl),
    name: config.workerName,
    home: expandHome(config.sagewaiHome, homedir()),
  };
  const mtls = config.workerMtls;
  if (mtls && !place.url.startsWith('https:')) {
    throw new ConfigError(['WORKER_MTLS (--mtls): the address of the server is not https']);
  }
  return {
    ...place,
    mtls,
    ...withKey(keyOf(place, log), { ...place, mtls, serverTls: { ca: serverCa } }),
    pool: config.workerPool,
    labels: config.workerLabels,
    version: config.workerVersion,
    models: config.workerModels,
    workflows: await loadWorkflows(
      config.workerWorkflows,
      await withExec(config.workerExecFile, environment, given.workflows),
    ),
    maxConcurrent: config.workerMaxConcurrent,
    enrollmentKey: config.enrollmentKey?.reveal() ?? '',
    workerToken: config.wrtToken?.reveal() ?? '',
    organization: config.workerOrganization,
    project: config.workerProject,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    pollTimeoutMs: config.pollTimeoutMs,
    serverWaitMsMax: config.serverWaitMs,
    drainMsMax: config.drainTimeoutMs,
    exitWhenDrained: config.exitWhenDrained,
    leaveOnStop: config.leaveOnStop,
    sealKey,
    isSealKeyGiven: sealKey !== null,
    sendToProvider: createNodeSend(),
    environment,
    credentials: createCredentialStore({
      path: config.workerCredentialsFile && expandHome(config.workerCredentialsFile, homedir()),
      given: given.credentials ?? null,
      secrets: [openaiKey, anthropicKey],
      log,
    }),
    probe:
      config.workerProbe === 'off'
        ? null
        : {
            how: config.workerProbe,
            everyMs: config.probeIntervalMs,
            timeoutMs: config.probeTimeoutMs,
          },
    providers: {
      openai: openaiKey ? { apiKey: openaiKey, baseUrl: trimmed(config.openaiBaseUrl) } : null,
      anthropic: anthropicKey
        ? { apiKey: anthropicKey, baseUrl: trimmed(config.anthropicBaseUrl) }
        : null,
      ollama: { baseUrl: `${ollamaUrl(config.ollamaHost) ?? ''}/v1` },
    },
  };
}

/** `exec` and `finetune` are there where their operator says which commands they may start. */
async function withExec(
  file: string,
  environment: Environment,
  given: WorkflowTable = new Map(),
): Promise<WorkflowTable> {
  if (file === '') return given;
  try {
    const { commands, trainers } = await openCommands(expandHome(file, homedir()));
    const seen = runEnvironment(environment);
    return new Map([
      ...given,
      ...(commands.size === 0 ? [] : [[EXEC, execWorkflow(commands, seen)] as const]),
      ...(trainers.size === 0 ? [] : [[FINETUNE, finetuneWorkflow(trainers, seen)] as const]),
    ]);
  } catch (error) {
    throw new ConfigError([`WORKER_EXEC_FILE (--exec-file): ${(error as Error).message}`]);
  }
}

async function sealKeyOf(file: string): Promise<HpkeKeyPair> {
  try {
    return await readSealKey(file);
  } catch (error) {
    throw new ConfigError([`WORKER_SEAL_KEY_FILE (--seal-key-file): ${(error as Error).message}`]);
  }
}

async function readCaOf(file: string): Promise<string> {
  try {
    return await readCa(file);
  } catch (error) {
    throw new ConfigError([`SAGEWAI_CA_FILE (--ca-file): ${(error as Error).message}`]);
  }
}

function keyOf(place: Parameters<typeof takeKey>[0], log: WorkerLog): WorkerOptions['key'] {
  try {
    return takeKey(place, log);
  } catch (error) {
    throw new ConfigError([`SAGEWAI_HOME (--home): ${(error as Error).message}`]);
  }
}
