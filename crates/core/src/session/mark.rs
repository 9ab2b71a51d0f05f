//! The name of the mark that says, on disk, that a session has ended.

use uuid::Uuid;

/// The mark of a session in a database (its oid).
pub fn mark(database: u32, session: Uuid) -> String {
    format!("{database}.{}", session.simple())
}

/// The database and the session that a mark is for.
pub fn read_mark(name: &str) -> Option<(u32, Uuid)> {
    let (database, session) = name.split_once('.')?;
    let read = (database.parse().ok()?, Uuid::try_parse(session).ok()?);
    (mark(read.0, read.1) == name).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_is_for() {
        let session = Uuid::from_u128(0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF);
        assert_eq!(mark(16_384, session), "16384.0123456789abcdef0123456789abcdef");
        assert_eq!(read_mark(&mark(16_384, session)), Some((16_384, session)));
        for other in [
            "",
            ".",
            "1.",
            "x.0123456789abcdef0123456789abcdef",
            "+1.0123456789abcdef0123456789abcdef",
            "1.é",
        ] {
            assert_eq!(read_mark(other), None, "{other}");
        }
    }
}
