// A clinic as any Drizzle application would model it.

import { relations } from "drizzle-orm";
import { date, integer, numeric, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { encryptedText } from "./watertight_types.mjs";

export const doctors = pgTable("doctors", {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  email: text().notNull().unique(),
  name: text().notNull(),
  logins: integer().notNull().default(0),
});

export const patients = pgTable("patients", {
  id: integer().primaryKey(),
  name: text().notNull(),
  born: date(),
});

export const visits = pgTable("visits", {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  patientId: integer("patient_id").notNull().references(() => patients.id, { onDelete: "cascade" }),
  doctorId: integer("doctor_id").references(() => doctors.id, { onDelete: "set null" }),
  reason: text().notNull(),
  cost: numeric({ precision: 10, scale: 2, mode: "number" }).notNull().default(0),
  seenAt: timestamp("seen_at", { withTimezone: true }).notNull().defaultNow(),
  note: text().notNull().default("none"),
});

export const labels = pgTable("labels", {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  name: text().notNull(),
});

export const visitLabels = pgTable(
  "visit_labels",
  {
    visitId: integer("visit_id").notNull().references(() => visits.id, { onDelete: "cascade" }),
    labelId: integer("label_id").notNull().references(() => labels.id),
  },
  (table) => [primaryKey({ columns: [table.visitId, table.labelId] })],
);

export const people = pgTable("people", {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  // An administrator encrypts these two: see ../common/protect.sql.
  name: text().notNull(),
  ssn: text().notNull().unique(),
  // This one is made encrypted, by the second migration.
  note: encryptedText(),
});

export const patientsRelations = relations(patients, ({ many }) => ({ visits: many(visits) }));
export const doctorsRelations = relations(doctors, ({ many }) => ({ visits: many(visits) }));
export const visitsRelations = relations(visits, ({ one, many }) => ({
  patient: one(patients, { fields: [visits.patientId], references: [patients.id] }),
  doctor: one(doctors, { fields: [visits.doctorId], references: [doctors.id] }),
  labels: many(visitLabels),
}));
export const visitLabelsRelations = relations(visitLabels, ({ one }) => ({
  visit: one(visits, { fields: [visitLabels.visitId], references: [visits.id] }),
  label: one(labels, { fields: [visitLabels.labelId], references: [labels.id] }),
}));
