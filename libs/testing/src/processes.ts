import { existsSync, readFileSync } from 'node:fs';

export interface Memory {
  readonly rssMb: number;
  /** Shared pages divided among those who share them: what the processes really take together. */
  readonly pssMb: number;
}

const TICKS_PER_SECOND = 100;

/** Undefined where the system does not tell, that is outside Linux. */
export function memoryOf(pids: readonly number[]): Memory | undefined {
  if (!existsSync('/proc/self/smaps_rollup')) return undefined;
  const sum = (field: string) =>
    pids.reduce((kb, pid) => {
      const line = new RegExp(`^${field}: +(\\d+)`, 'm').exec(read(`/proc/${pid}/smaps_rollup`));
      return kb + Number(line?.[1] ?? 0);
    }, 0);
  return { rssMb: Math.round(sum('Rss') / 1_024), pssMb: Math.round(sum('Pss') / 1_024) };
}

/** Milliseconds of processor time the processes have used so far; undefined outside Linux. */
export function cpuOf(pids: readonly number[]): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  const ticks = pids.map((pid) => {
    const [, , , , , , , , , , , user, system] = fieldsOf(pid);
    return Number(user ?? 0) + Number(system ?? 0);
  });
  return (ticks.reduce((sum, one) => sum + one, 0) * 1_000) / TICKS_PER_SECOND;
}

/** What stands behind the name, which may itself contain blanks: the state first. */
function fieldsOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
