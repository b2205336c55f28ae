-- CONCURRENTLY, so that orders are placed meanwhile: it has to be the only statement of its migration. The entries that
-- wait to be sorted in are few, or one order in thousands would wait for all of them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "order_line_title_trgm" ON "orders"."order_line" USING GIN ("title" gin_trgm_ops)
  WITH (gin_pending_list_limit = 512);
