//! The name of a compartment's own schema, from which its id can be read back: whose schema it is needs no look-up.

use uuid::Uuid;

/// `wt_` and 26 characters for 128 bits, five each.
pub const SCHEMA_LENGTH: usize = 29;

const PREFIX: &[u8] = b"wt_";
/// base32hex (RFC 4648, section 7), in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// The name of the compartment's schema.
pub fn schema_of(id: Uuid) -> String {
    let bits = id.as_u128();
    let mut name = String::with_capacity(SCHEMA_LENGTH);
    name.push_str("wt_");
    for place in (0..26).rev() {
        name.push(char::from(DIGITS[(bits >> (5 * place)) as usize & 31]));
    }
    name
}

/// Whose schema it is; `None` for a name that is no compartment's. Reads one name for each id: exactly what
/// [`schema_of`] writes.
#[inline]
pub fn id_of_schema(name: &[u8]) -> Option<Uuid> {
    if name.len() != SCHEMA_LENGTH || !name.starts_with(PREFIX) {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, digit) in name[PREFIX.len()..].iter().enumerate() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'v' => digit - b'a' + 10,
            _ => return None,
        };
        // The first digit has three bits only: 26 digits have 130.
        if place == 0 && value > 7 {
            return None;
        }
        bits = bits << 5 | u128::from(value);
    }
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_says_whose_it_is(bits in any::<u128>()) {
            let id = Uuid::from_u128(bits);
            let name = schema_of(id);
            prop_assert_eq!(name.len(), SCHEMA_LENGTH);
            prop_assert_eq!(id_of_schema(name.as_bytes()), Some(id));
        }

        #[test]
        fn two_names_never_mean_one_compartment(name in "wt_[0-9a-v]{26}") {
            if let Some(id) = id_of_schema(name.as_bytes()) {
                prop_assert_eq!(schema_of(id), name);
            }
        }
    }

    #[test]
    fn other_names_are_nobodys() {
        for name in [
            "",
            "public",
            "wt_",
            "wt_0000000000000000000000000",
            "wt_000000000000000000000000000",
            "wt_80000000000000000000000000",
            "wt_0000000000000000000000000w",
            "wt_0000000000000000000000000A",
            "WT_00000000000000000000000000",
        ] {
            assert_eq!(id_of_schema(name.as_bytes()), None, "{name}");
        }
    }
}
