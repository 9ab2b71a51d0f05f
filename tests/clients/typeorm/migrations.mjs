// The application's migrations. The second one comes after the tables were protected.

import { Table, TableColumn, TableForeignKey, TableIndex } from "typeorm";

const id = { name: "id", type: "int", isPrimary: true, isGenerated: true, generationStrategy: "identity", generatedIdentity: "BY DEFAULT" };
const text = (name, options) => ({ name, type: "text", ...options });
const key = (name, table, onDelete) =>
  ({ columnNames: [name], referencedTableName: table, referencedColumnNames: ["id"], onDelete });

export class Clinic1760000000000 {
  name = "Clinic1760000000000";
  async up(runner) {
    await runner.createTable(new Table({ name: "doctors", columns: [
      id, text("email", { isUnique: true }), text("name"), { name: "logins", type: "int", default: 0 }] }));
    await runner.createTable(new Table({ name: "patients", columns: [{ name: "id", type: "int", isPrimary: true }, text("name")] }));
    await runner.createTable(new Table({ name: "labels", columns: [id, text("name")] }));
    await runner.createTable(new Table({ name: "visits", columns: [
      id, text("reason"), { name: "cost", type: "numeric", precision: 10, scale: 2, default: 0 },
      { name: "seen_at", type: "timestamptz", default: "now()" }, { name: "patient_id", type: "int" },
      { name: "doctor_id", type: "int", isNullable: true }] }));
    await runner.createTable(new Table({ name: "visit_labels", columns: [
      { name: "visit_id", type: "int", isPrimary: true }, { name: "label_id", type: "int", isPrimary: true }] }));
    await runner.createTable(new Table({ name: "people", columns: [id, text("name"), text("ssn", { isUnique: true })] }));
    await runner.createForeignKey("visits", new TableForeignKey(key("patient_id", "patients", "CASCADE")));
    await runner.createForeignKey("visits", new TableForeignKey(key("doctor_id", "doctors", "SET NULL")));
    await runner.createForeignKey("visit_labels", new TableForeignKey(key("visit_id", "visits", "CASCADE")));
    await runner.createForeignKey("visit_labels", new TableForeignKey(key("label_id", "labels", "NO ACTION")));
  }
  async down() {}
}

export class VisitNote1760000001000 {
  name = "VisitNote1760000001000";
  async up(runner) {
    await runner.addColumn("visits", new TableColumn({ name: "note", type: "text", default: "'none'" }));
    await runner.addColumn("people", new TableColumn({ name: "note", type: "watertight.encrypted_text", isNullable: true }));
    await runner.createIndex("visits", new TableIndex({ name: "visits_seen_at", columnNames: ["seen_at"] }));
  }
  async down(runner) {
    await runner.dropIndex("visits", "visits_seen_at");
    await runner.dropColumn("visits", "note");
  }
}
