//! Row security: facts about a table in, DDL out.
