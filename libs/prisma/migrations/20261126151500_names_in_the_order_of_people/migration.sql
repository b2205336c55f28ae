-- Names sort as people do, the same in every database. The Prisma schema cannot say a collation; it sees no difference.
DROP INDEX "catalog"."product_status_name_id_idx";
CREATE INDEX "product_status_name_id_idx" ON "catalog"."product" ("status", "name" COLLATE "und-x-icu", "id");
DROP INDEX "catalog"."product_status_category_name_idx";
CREATE INDEX "product_status_category_name_idx" ON "catalog"."product" ("status", "category", "name" COLLATE "und-x-icu");
