import { SERVICES } from '@order-system/contracts/services';
import type { Consumer } from '@order-system/messaging/consumer';
import type { ServiceDefinition } from '@order-system/service-host/service';

export type Subscription = Pick<Consumer, 'name' | 'types'>;

/** Every consumer there is and what it takes, as the services themselves declare it. */
export async function allSubscriptions(): Promise<Subscription[]> {
  const services = await allServices();
  return services.flatMap(({ consumers = [] }) => consumers.map(({ name, types }) => ({ name, types })));
}

export const allServices = (): Promise<ServiceDefinition[]> => Promise.all(SERVICES.map(load));

/** By a name that is put together: no library may depend on an app, and a test of all of them has to ask them all. */
async function load(service: string): Promise<ServiceDefinition> {
  const module = (await import(`@order-system/${service}-app/${service}.module`)) as Record<
    string,
    ServiceDefinition
  >;
  const definition = module[service];
  if (!definition) throw new Error(`${service}.module exports no "${service}"`);
  return definition;
}
