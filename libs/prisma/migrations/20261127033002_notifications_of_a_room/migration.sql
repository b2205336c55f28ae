-- Asked for with every message and every read mark, and not among all that a customer was ever told. CONCURRENTLY, so that
-- nobody has to wait: it has to be the only statement of its migration.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "notification_of_room" ON "notifications"."notification" ("order_id", "user_id")
  WHERE "kind" = 'NEW_MESSAGE';
