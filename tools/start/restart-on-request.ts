import type { Service } from './service.ts';

interface Request {
  readonly restart: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Lets the process that started this one, a test, replace a service by one with other variables. */
export function restartOnRequest(services: readonly Service[]): void {
  process.on('message', ({ restart: name, env }: Request) => {
    const service = services.find(({ plan }) => plan.name === name);
    service?.restart(env).then(
      () => console.log(`Restarted ${name}.`),
      (error: unknown) => console.error(error),
    );
  });
  // Listening must not keep this process alive.
  process.channel?.unref();
}
