-- CreateTable
CREATE TABLE "basket"."checkout" (
    "order_id" UUID NOT NULL,
    "basket_id" UUID NOT NULL,
    "user_id" UUID,
    "lines" JSONB NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "checkout_pkey" PRIMARY KEY ("order_id")
);

-- CreateIndex
CREATE INDEX "checkout_taken_at_idx" ON "basket"."checkout"("taken_at");
