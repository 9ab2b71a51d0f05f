ALTER TABLE "visits" ADD COLUMN "note" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
CREATE INDEX "visits_seen_at_index" ON "visits" USING btree ("seen_at");
--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "note" watertight.encrypted_text;
