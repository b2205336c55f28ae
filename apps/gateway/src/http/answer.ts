export interface Paging {
  page: number;
  limit: number;
}

export interface Found {
  items: unknown[];
  total: number;
}

/** The envelope of every answer outside /auth. */
export const success = <T>(data: T) => ({ status: 'success' as const, data });

/** What else was found out about the whole list stands in `meta`, too. */
export const pageOf = <F extends Found>({ items, total, ...facts }: F, { page, limit }: Paging) => ({
  status: 'success' as const,
  data: items,
  meta: { total, page, limit, totalPages: Math.ceil(total / limit), ...facts },
});
