interface Paging {
  page: number;
  limit: number;
}

/** The envelope of every answer outside /auth. */
export const success = <T>(data: T) => ({ status: 'success' as const, data });

export const pageOf = <T>({ items, total }: { items: T[]; total: number }, { page, limit }: Paging) => ({
  status: 'success' as const,
  data: items,
  meta: { total, page, limit, totalPages: Math.ceil(total / limit) },
});
