interface Login {
  readonly email: string;
  readonly password: string;
}

/** The login that was made here, unless the database has its administrator from an earlier start, or from elsewhere. */
export async function describeAdmin(databaseUrl: string, { email, password }: Login): Promise<string> {
  const { withClient } = await import('@order-system/prisma/migrate');
  const { default: bcrypt } = await import('bcrypt');
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query<{ hash: string }>(
      `SELECT password_hash AS hash FROM auth."user" WHERE email = lower($1) AND role = 'admin'`,
      [email],
    ),
  );
  const hash = rows[0]?.hash;
  if (hash !== undefined && (await bcrypt.compare(password, hash))) return `${email} / ${password}`;
  return 'as this database has it from an earlier start; what is set or made here does not change it';
}
