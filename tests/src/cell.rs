//! A value of any type as text. The extended protocol gives binary; what an attacker sees are the bytes.

use std::error::Error;

use postgres::types::{FromSql, Type};

/// A column's value, or nothing.
pub struct Cell(pub Option<String>);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell(Some(text(ty, raw)?)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn text(ty: &Type, raw: &[u8]) -> Result<String, Box<dyn Error + Sync + Send>> {
    Ok(match *ty {
        Type::BOOL => (if raw[0] == 0 { "f" } else { "t" }).to_owned(),
        Type::INT2 => i16::from_be_bytes(raw.try_into()?).to_string(),
        Type::INT4 => i32::from_be_bytes(raw.try_into()?).to_string(),
        Type::OID | Type::XID | Type::REGCLASS => u32::from_be_bytes(raw.try_into()?).to_string(),
        Type::INT8 => i64::from_be_bytes(raw.try_into()?).to_string(),
        Type::UUID => {
            let hex: String = raw.iter().map(|b| format!("{b:02x}")).collect();
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        }
        // jsonb begins with a version byte.
        Type::JSONB => String::from_utf8_lossy(&raw[1..]).into_owned(),
        // Text as it is; of everything else the bytes, in which a canary would still be found.
        _ => String::from_utf8_lossy(raw).into_owned(),
    })
}
