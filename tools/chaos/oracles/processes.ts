import type { Told } from '@order-system/testing/shopper';
import type { Oracle } from './oracle.ts';

const MOST_GROWTH_MB = 100;
const LONGEST_ANSWER_MS = 10_000;

export const exits: Oracle = {
  id: 'O9',
  title: `no process ends by itself or grows by ${MOST_GROWTH_MB} MB`,
  look: async ({ output, harmed, grownMb }) => {
    const ends = [...output.matchAll(/^(\w+) \(process (\d+)\) stopped with ([^;]+)/gm)];
    const unasked = ends.filter(([, , pid]) => !harmed.has(Number(pid)));
    const grown = Object.entries(grownMb).filter(([, mb]) => mb > MOST_GROWTH_MB);
    const [most = 'nothing', mb = 0] = Object.entries(grownMb).sort(([, a], [, b]) => b - a)[0] ?? [];
    return {
      counted: `${ends.length} ends, ${most} +${mb} MB`,
      findings: [
        ...unasked.map(([, service, pid, how]) => `${service} (process ${pid}) stopped with ${how}`),
        ...grown.map(([service, by]) => `${service} grew by ${by} MB`),
      ],
    };
  },
};

export const answers: Oracle = {
  id: 'O10',
  title: `every request is answered within ${LONGEST_ANSWER_MS / 1_000} s`,
  look: async ({ history, isDoorHarmed }) => {
    const requests = history.filter(({ request }) => !request.startsWith('SOCKET'));
    const slowest = Math.max(0, ...requests.map(({ ms }) => ms));
    const late = requests.filter(
      ({ ms, status }) => ms > LONGEST_ANSWER_MS || (status === undefined && !isDoorHarmed),
    );
    return {
      counted: `${requests.length} requests, slowest ${(slowest / 1_000).toFixed(1)} s`,
      findings: late.map(lineOf),
    };
  },
};

const lineOf = ({ request, status, ms, body, at }: Told): string =>
  `${request} at ${at.toISOString()}: ${status ?? 'no answer'} after ${Math.round(ms)} ms, ${JSON.stringify(body).slice(0, 200)}`;
