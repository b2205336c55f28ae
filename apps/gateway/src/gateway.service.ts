import type { GatewayDefinition } from '@order-system/service-host/service';
import { buildGateway } from './gateway.app.js';
import { readGatewayConfig } from './gateway.config.js';
import { serveRealtime } from './realtime/realtime.js';

export const gateway: GatewayDefinition = {
  name: 'gateway',
  async create({ rpc, broker }) {
    const config = readGatewayConfig();
    const { app } = await buildGateway(rpc, config, (made) => serveRealtime(made, broker, config));
    return app;
  },
};
