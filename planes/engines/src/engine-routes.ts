import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implementPlatform, type Route } from '@sagewai/http';
import {
  type BodyOf,
  describeEngines,
  ENGINE_ENDPOINTS,
  listBackends,
  listEngines,
  pruneEngines,
  readEngineStatus,
  readGpus,
  registerEngine,
  startEngine,
  stopEngine,
} from '@sagewai/wire';

import { comesBack, CONCURRENT_DEFAULT, type EngineOptions, isOver } from './engine.ts';
import {
  deleteOver,
  endEngine,
  findEngine,
  insertEngine,
  listEngineRows,
  lockStarts,
} from './engines.sql.ts';
import type { EngineParts } from './engines.ts';
import { SERVE, startProcess, WATCH_OWN } from './jobs.ts';
import { findPort } from './processes.ts';
import { putFiles } from './put-files.ts';
import { type Command, takesFiles } from './read-commands.ts';
import { reservedIn, toBackends, toWire } from './to-wire.ts';

const MB_PER_GB = 1_024;

export function engineRoutes(parts: EngineParts): Route[] {
  const { settings, egress, replica, nudge, clock } = parts;
  return [
    implementPlatform(describeEngines, async () => ({
      service: 'Sagewai engines',
      status: 'running',
      endpoints: ENGINE_ENDPOINTS.map(({ method, path }) => `${method} ${path}`),
    })),

    implementPlatform(startEngine, async ({ tx, body, audit }) => {
      const command = commandOf(parts, body.backend);
      const files = await filesFor(parts, command, body.fine_tune);
      await lockStarts(tx);
      const here = (await listEngineRows(tx)).filter((engine) => engine.replica === replica);
      await demandMemory(parts, body, reservedIn(here));
      const engine = await insertEngine(tx, {
        id: body.engine_label ?? `engine-${newId<string>()}`,
        model: body.model_id,
        host: settings.host,
        port: body.port ?? (await findPort(settings.host)),
        kind: body.engine_kind ?? 'llm',
        replica,
        backend: command.name,
        options: { ...optionsOf(body), files },
        metadata: body.metadata ?? {},
        memoryGb: body.required_memory_gb ?? null,
      });
      if (engine === null) throw taken(body.engine_label ?? '');
      audit.about(`engine:${engine.id}`, {
        model: engine.model,
        backend: command.name,
        ...(body.fine_tune === undefined ? {} : { run: body.fine_tune.run_id }),
      });
      // Nothing runs that no row tells of.
      tx.onCommit(() => {
        startProcess(engine, parts);
        nudge(WATCH_OWN);
      });
      const told = toWire(engine);
      return { engine: told, ...told, id: engine.id, status: engine.state };
    }),

    implementPlatform(registerEngine, async ({ tx, body, audit }) => {
      egress.check(body.host, body.port);
      const engine = await insertEngine(tx, {
        id: body.engine_id,
        model: body.model_id,
        host: body.host,
        port: body.port,
        kind: body.engine_kind ?? 'llm',
        replica: null,
        backend: null,
        options: {},
        metadata: body.metadata ?? {},
        memoryGb: null,
      });
      if (engine === null) throw taken(body.engine_id);
      audit.about(`engine:${engine.id}`, { model: engine.model, host: engine.host });
      tx.onCommit(() => nudge('engines.watchRegistered'));
      return toWire(engine);
    }),

    implementPlatform(listEngines, async ({ tx }) => {
      const engines = await listEngineRows(tx);
      return { engines: engines.map(toWire), count: engines.length };
    }),

    implementPlatform(stopEngine, async ({ tx, params, query, audit }) => {
      const { engine_id: id } = params;
      audit.about(`engine:${id}`, { drain: String(query.drain ?? false) });
      const before = found(await findEngine(tx, id), `There is no engine ${id}.`);
      if (isOver(before) && !comesBack(before)) {
        return { engine_id: id, stopped: true, status: before.state };
      }
      // Nothing is asked of one in ERROR that would have to end.
      const drains = query.drain === true && !isOver(before);
      await endEngine(tx, id, drains ? 'DRAINING' : 'STOPPED');
      tx.onCommit(() => {
        nudge(WATCH_OWN);
        nudge(SERVE);
      });
      return drains
        ? { engine_id: id, stopped: false, status: 'DRAINING' as const, drained: true }
        : { engine_id: id, stopped: true, status: 'STOPPED' as const };
    }),

    implementPlatform(pruneEngines, async ({ tx, audit }) => {
      const pruned = await deleteOver(tx);
      audit.about('engines', { pruned });
      return { pruned_count: pruned, status: 'success' as const };
    }),

    implementPlatform(readEngineStatus, async ({ tx }) => {
      const engines = await listEngineRows(tx);
      const { by } = reservedIn(engines);
      return {
        control_plane: {
          running: true,
          registered_instances: engines.length,
          available_instances: engines.filter(({ state }) => state === 'READY').length,
        },
        gpu: await parts.gpus(),
        engines: engines.map(toWire),
        managed_instances: engines.flatMap((one) => (one.replica === null ? [] : [one.id])),
        resource_reservations: Object.fromEntries(by),
      };
    }),

    implementPlatform(listBackends, async ({ tx }) => ({
      ...toBackends(await listEngineRows(tx)),
      timestamp: clock.now().toISOString(),
    })),

    implementPlatform(readGpus, async () => {
      const gpus = await parts.gpus();
      return { gpus, count: gpus.length };
    }),
  ];
}

const optionsOf = (body: BodyOf<typeof startEngine>): EngineOptions => ({
  tensor_parallel_size: body.tensor_parallel_size ?? 1,
  pipeline_parallel_size: body.pipeline_parallel_size ?? 1,
  max_concurrent_requests: body.max_concurrent_requests ?? CONCURRENT_DEFAULT,
  port: body.port ?? null,
});

function commandOf({ commands }: EngineParts, name: string | undefined): Command {
  const [first] = commands.values();
  const command = name === undefined ? first : commands.get(name);
  if (command !== undefined) return command;
  const known = [...commands.keys()].join(', ') || 'none';
  throw new Fault('request.invalid', 'no command line of this name is allowed', {
    detail: `Engines are started by command lines of ENGINE_COMMANDS; this server has: ${known}.`,
  });
}

/** Where the files of a fine-tune are on this machine; null: none are asked for. */
async function filesFor(
  { filesOf, settings }: EngineParts,
  command: Command,
  asked: BodyOf<typeof startEngine>['fine_tune'],
): Promise<string | null> {
  if ((asked !== undefined) !== takesFiles(command)) {
    throw new Fault('request.invalid', 'a command line that does not fit a fine-tune', {
      detail:
        asked === undefined
          ? `The command line ${command.name} serves a fine-tune: say fine_tune.`
          : `The command line ${command.name} has no {files}: it serves no fine-tune.`,
    });
  }
  if (asked === undefined) return null;
  const { organization, run_id: runId } = asked;
  const files = await filesOf({ organization, runId });
  found(files[0], `No run ${runId} of ${organization} has made anything.`);
  return putFiles(settings.filesFolder, files);
}

/** Where a GPU is asked for there must be one, with memory that is neither used nor promised. */
async function demandMemory(
  { gpus }: EngineParts,
  { use_gpu: usesGpu, required_memory_gb: wanted }: BodyOf<typeof startEngine>,
  { all }: { readonly all: number },
): Promise<void> {
  if (usesGpu !== true && (wanted ?? 0) === 0) return;
  const there = await gpus();
  if (there.length === 0) {
    if (usesGpu !== true) return;
    throw conflict('This server has no GPU that nvidia-smi tells of.');
  }
  const totalGb = there.reduce((sum, gpu) => sum + gpu.memory_total_mb, 0) / MB_PER_GB;
  const usedGb = there.reduce((sum, gpu) => sum + gpu.memory_used_mb, 0) / MB_PER_GB;
  const freeGb = totalGb - Math.max(usedGb, all);
  if ((wanted ?? 0) > freeGb) {
    throw conflict(`${wanted} GB of GPU memory are wanted, and ${freeGb.toFixed(1)} GB are free.`);
  }
}

const conflict = (detail: string): Fault =>
  new Fault('state.conflict', 'an engine that has no room', { detail });

const taken = (id: string): Fault =>
  new Fault('resource.exists', 'the id of an engine is taken', {
    detail: `There is an engine ${id} already.`,
  });
