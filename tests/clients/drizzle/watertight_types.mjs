// For columns that a schema itself makes encrypted. In JavaScript their values are strings.

import { customType } from "drizzle-orm/pg-core";

export const encryptedText = customType({ dataType: () => "watertight.encrypted_text" });
export const searchableText = customType({ dataType: () => "watertight.searchable_text" });
