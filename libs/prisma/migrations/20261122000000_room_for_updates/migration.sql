-- Rows that are changed soon after they were made: with room on the page an update stays there, and out of the indexes
-- when it changes none of their columns.
ALTER TABLE "basket"."basket" SET (fillfactor = 70);
ALTER TABLE "notifications"."notification" SET (fillfactor = 80);
ALTER TABLE "orders"."placement" SET (fillfactor = 60);
ALTER TABLE "payments"."sandbox_session" SET (fillfactor = 80);
