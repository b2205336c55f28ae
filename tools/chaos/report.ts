import { printTable } from '../shared/console.ts';
import type { Judged, Outcome } from './run-fault.ts';

const SHOWN = 10;

export function printOutcome(outcome: Outcome): void {
  const { requests, orders, healthyMs, drainedMs, verdicts, checks } = outcome;
  console.log(
    `    ${orders} orders, ${requests} requests; healthy after ${inSeconds(healthyMs)}, drained after ${inSeconds(drainedMs)}`,
  );
  printTable(
    ['oracle', 'what must hold', 'counted', 'found', 'allowed'],
    verdicts.map(({ id, title, counted, findings, allowed }) => [
      id,
      title,
      counted,
      String(findings.length),
      allowed === 0 ? '' : `<= ${allowed}`,
    ]),
  );
  for (const verdict of verdicts) if (verdict.findings.length > 0) printFindings(verdict);
  for (const line of checks) console.log(`  ${outcome.fault.id}: ${line}`);
}

function printFindings({ id, findings, because, isBroken }: Judged): void {
  console.log(`  ${id}${isBroken ? '' : ` (allowed: ${because})`}`);
  for (const line of findings.slice(0, SHOWN)) console.log(`    ${line}`);
  if (findings.length > SHOWN) console.log(`    and ${findings.length - SHOWN} more`);
}

export const inSeconds = (ms: number | undefined): string =>
  ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`;
