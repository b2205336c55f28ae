-- AlterTable
ALTER TABLE "orders"."order" ADD COLUMN     "refunded" BIGINT NOT NULL DEFAULT 0;

-- Orders have not kept it so far: once, it is taken over from their payments.
UPDATE "orders"."order" o SET "refunded" = p."refunded" FROM "payments"."payment" p
WHERE p."id" = o."payment_id" AND p."refunded" > 0 AND o."payment_status" IN ('PARTIALLY_REFUNDED', 'REFUNDED');
