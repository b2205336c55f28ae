-- AlterTable
ALTER TABLE "payments"."refund" ADD COLUMN     "request_hash" TEXT;
