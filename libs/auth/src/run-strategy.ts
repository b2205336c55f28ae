import passport, { type Strategy } from 'passport';

/**
 * Runs one Passport strategy on the parts of a request that it reads; undefined when it refuses. Given by instance, not by
 * name: Passport keeps names in one table per process, and a process may hold several gateways.
 */
export function runStrategy<T>(strategy: Strategy, parts: object): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, user?: T | false) => (error ? reject(error) : resolve(user || undefined));
    // Passport writes its callbacks onto the strategy it runs, so each request gets its own.
    const own = Object.create(strategy) as Strategy;
    const run = passport.authenticate(own, { session: false }, done) as (
      request: object,
      response: object,
      next: (error: unknown) => void,
    ) => void;
    run(parts, {}, reject);
  });
}
