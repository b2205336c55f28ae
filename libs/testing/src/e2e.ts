/** The system that the end-to-end tests run against: started once per run by the Jest project's set-up. */
export const e2e = {
  get url(): string {
    return e2e.doors[0] ?? '';
  },
  /** The addresses of its gateways. */
  get doors(): readonly string[] {
    return needed('E2E_DOORS').split(',');
  },
  get topology(): 'embedded' | 'distributed' {
    return needed('TOPOLOGY') === 'distributed' ? 'distributed' : 'embedded';
  },
  /** Whether this run is about systems with two of everything. */
  get hasTwins(): boolean {
    return process.env['TWINS'] === '1';
  },
  get admin(): { email: string; password: string } {
    return { email: needed('ADMIN_EMAIL'), password: needed('ADMIN_PASSWORD') };
  },
  get jwtSecret(): string {
    return needed('JWT_SECRET');
  },
  get sandboxWebhookSecret(): string {
    return needed('SANDBOX_WEBHOOK_SECRET');
  },
};

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. Remedy: run the end-to-end tests with npm run test:e2e`);
  return value;
}
