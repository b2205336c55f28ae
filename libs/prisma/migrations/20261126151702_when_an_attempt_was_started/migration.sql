-- AlterTable
ALTER TABLE "orders"."order" ADD COLUMN     "attempted_at" TIMESTAMPTZ(3);

-- Of orders that are still to be paid: once, it is taken over from their payments.
UPDATE "orders"."order" o SET "attempted_at" = p."created_at" FROM "payments"."payment" p
WHERE p."id" = o."payment_id" AND o."payment_status" IN ('PENDING', 'FAILED');
