-- AlterTable
ALTER TABLE "orders"."order" ADD COLUMN     "is_agreed" BOOLEAN NOT NULL DEFAULT false;
