import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of `sysconf(_SC_CLK_TCK)`, which is 100 a second on every port of it. */
const US_PER_TICK = 10_000;
const BYTES_PER_KB = 1024;

/** CPU of one process, all its threads, user and system, in µs since it started; 0 when it is gone. */
export function cpuUs(pid: number): number {
  return readCpuUs(read(`/proc/${pid}/stat`));
}

/** CPU of a process and its living children: a PostgreSQL does its work in children. */
export function cpuUsOfFamily(pid: number): number {
  const children = processes().filter((name) => parentOf(read(`/proc/${name}/stat`)) === pid);
  return [pid, ...children.map(Number)].reduce((sum, member) => sum + cpuUs(member), 0);
}

/** Resident set in MB of 10⁶ bytes; NaN when the process is gone. */
export function residentMb(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return (Number(kilobytes) * BYTES_PER_KB) / 1e6;
}

/** `stat` of proc(5): the command, field 2, may itself hold spaces and brackets. */
export function readCpuUs(stat: string): number {
  const fields = fieldsAfterCommand(stat);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * US_PER_TICK;
}

/** None where there is no `/proc`: then CPU and memory are simply not told. */
function processes(): string[] {
  return existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
}

function parentOf(stat: string): number {
  return Number(fieldsAfterCommand(stat)[1]);
}

function fieldsAfterCommand(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process ended between being named and being read.
  }
}
