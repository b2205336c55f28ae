-- More digits of the same type: nothing is written anew.
ALTER TABLE "catalog"."stock_movement" ALTER COLUMN "created_at" TYPE TIMESTAMPTZ(6);
