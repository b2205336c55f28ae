-- AlterTable
ALTER TABLE "chat"."closing" ADD COLUMN     "order_updated_at" TIMESTAMPTZ(3);
