-- Most orders have neither.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "order_texts_trgm" ON "orders"."order" USING GIN ("description" gin_trgm_ops, "notes" gin_trgm_ops)
  WITH (gin_pending_list_limit = 512) WHERE "description" IS NOT NULL OR "notes" IS NOT NULL;
