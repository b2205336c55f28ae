-- What the hourly purge looks for, and nothing else.
CREATE INDEX "webhook_event_applied" ON "payments"."webhook_event" ("applied_at") WHERE "applied_at" IS NOT NULL;
CREATE INDEX "sandbox_webhook_delivered" ON "payments"."sandbox_webhook" ("delivered_at")
  WHERE "delivered_at" IS NOT NULL;
