import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const RESTART_MS = 3_000;

export const f06: Fault = {
  id: 'F6',
  title: 'the broker is stopped and started, then killed and gone',
  async inject({ servers, seconds, ready, log }) {
    await servers.rabbitmqctl('-q', 'stop_app');
    await pause(RESTART_MS);
    await servers.rabbitmqctl('-q', 'start_app');
    await ready();
    await servers.rabbitmq.kill();
    await pause(seconds * 1_000);
    await servers.rabbitmq.start();
    log(`gone for ${seconds} s`);
  },
};
