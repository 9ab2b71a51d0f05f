// A clinic as any TypeORM application would model it.

import { EntitySchema } from "typeorm";

const id = { type: "int", primary: true, generated: "identity", generatedIdentity: "BY DEFAULT" };

export const Doctor = new EntitySchema({
  name: "Doctor",
  tableName: "doctors",
  columns: { id, email: { type: "text", unique: true }, name: { type: "text" }, logins: { type: "int", default: 0 } },
  relations: { visits: { type: "one-to-many", target: "Visit", inverseSide: "doctor" } },
});

export const Patient = new EntitySchema({
  name: "Patient",
  tableName: "patients",
  columns: { id: { type: "int", primary: true }, name: { type: "text" } },
  relations: { visits: { type: "one-to-many", target: "Visit", inverseSide: "patient", cascade: true } },
});

export const Visit = new EntitySchema({
  name: "Visit",
  tableName: "visits",
  columns: {
    id,
    reason: { type: "text" },
    cost: { type: "numeric", precision: 10, scale: 2, default: 0 },
    seenAt: { type: "timestamptz", name: "seen_at", createDate: true },
    note: { type: "text", default: "none" },
  },
  relations: {
    patient: { type: "many-to-one", target: "Patient", joinColumn: { name: "patient_id" }, nullable: false, onDelete: "CASCADE" },
    doctor: { type: "many-to-one", target: "Doctor", joinColumn: { name: "doctor_id" }, nullable: true, onDelete: "SET NULL" },
    labels: {
      type: "many-to-many",
      target: "Label",
      joinTable: { name: "visit_labels", joinColumn: { name: "visit_id" }, inverseJoinColumn: { name: "label_id" } },
    },
  },
});

export const Label = new EntitySchema({ name: "Label", tableName: "labels", columns: { id, name: { type: "text" } } });

// The first two are encrypted by an administrator (../common/protect.sql), the third by the second migration. TypeORM has one name for
// what it reads and writes: text.
export const Person = new EntitySchema({
  name: "Person",
  tableName: "people",
  columns: { id, name: { type: "text" }, ssn: { type: "text", unique: true }, note: { type: "text", nullable: true } },
});

export const entities = [Doctor, Patient, Visit, Label, Person];
