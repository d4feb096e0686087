import { readFileSync } from 'node:fs';

/** Clock ticks a second of /proc/PID/stat on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds (user and system) that a process has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold blanks: count the fields behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Highest resident set so far (VmHWM) and the present one, MB of 10^6 bytes. */
export function memory(pid: number): { peakMb: number; nowMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1e6;
  return { peakMb: Math.round(megabytes('VmHWM')), nowMb: Math.round(megabytes('VmRSS')) };
}
