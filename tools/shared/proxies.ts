/** Keeps calls to this machine's own processes from a proxy that Node was told to use for all others. */
export function askDirectly(env: NodeJS.ProcessEnv): void {
  // Of the two, Node looks at the first.
  const others = env['no_proxy'] || env['NO_PROXY'];
  if (others === '*') return;
  const spared = [...(others ? [others] : []), 'localhost', '127.0.0.1'].join(',');
  Object.assign(env, { no_proxy: spared, NO_PROXY: spared });
}
