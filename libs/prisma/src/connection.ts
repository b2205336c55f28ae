/** For pg: where to connect, with settings besides those that the URL asks for, which would replace them. */
export function connectionTo(url: string, settings: string): { connectionString: string; options: string } {
  const address = new URL(url);
  const asked = address.searchParams.get('options') ?? '';
  address.searchParams.delete('options');
  return { connectionString: address.href, options: `${asked} ${settings}`.trim() };
}
