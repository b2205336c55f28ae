import { DomainError } from '@order-system/contracts/errors';
import type { FastifyInstance } from 'fastify';
import { refusalOf } from './problem.js';

export interface Route {
  method: string;
  /** As registered: `/api/orders/:id`. */
  path: string;
}

/** Knows what is served, to tell a wrong method from a wrong address. */
export class RouteTable {
  private readonly methods = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** Must run before the first route is registered. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) this.add(name, url);
    });
  }

  private add(method: string, path: string): void {
    const known = this.methods.get(path);
    if (known) return void known.methods.add(method);
    const pattern = new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
    this.methods.set(path, { pattern, methods: new Set([method]) });
  }

  all(): Route[] {
    return [...this.methods].flatMap(([path, { methods }]) =>
      [...methods].map((method) => ({ method, path })),
    );
  }

  /** Why nothing answers this request: 405 with what is allowed, or 404. */
  explain(method: string, url: string): DomainError {
    const path = url.split(/[?#]/, 1)[0] ?? '';
    const allow = new Set<string>();
    for (const [served, { pattern, methods }] of this.methods)
      if (!served.includes('*') && pattern.test(path)) methods.forEach((name) => allow.add(name));
    if (allow.size === 0 || allow.has(method)) return refusalOf(404) as DomainError;
    return new DomainError('METHOD_NOT_ALLOWED', `Use ${[...allow].join(', ')} here.`, { allow: [...allow] });
  }
}
