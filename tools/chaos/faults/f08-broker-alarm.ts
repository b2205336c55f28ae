import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

export const f08: Fault = {
  id: 'F8',
  title: 'the broker is out of memory, then out of disk, and takes nothing',
  async inject({ servers, seconds, ready, log }) {
    const each = (seconds * 1_000) / 2;
    await servers.rabbitmqctl('-q', 'set_vm_memory_high_watermark', '0.0001');
    await pause(each);
    await servers.rabbitmqctl('-q', 'set_vm_memory_high_watermark', '0.6');
    await ready();
    await servers.rabbitmqctl('-q', 'set_disk_free_limit', '1000GB');
    await pause(each);
    await servers.rabbitmqctl('-q', 'set_disk_free_limit', '50MB');
    log(`blocked publishers twice, for ${each / 1_000} s each`);
  },
};
