use std::fmt;
use std::num::NonZeroI64;

/// The id of a key: a random positive number of 63 bits, so that values of two installations can lie beside each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(NonZeroI64);

impl KeyId {
    /// The id with this number, if it is one.
    #[inline]
    pub fn new(number: i64) -> Option<Self> {
        NonZeroI64::new(number).filter(|number| number.get() > 0).map(KeyId)
    }

    /// An id of random bytes; `None` in the one case in which they make none.
    pub fn from_random(bytes: [u8; 8]) -> Option<Self> {
        Self::new(i64::from_be_bytes(bytes) & i64::MAX)
    }

    /// As it stands in a sealed value.
    #[inline]
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Self::new(i64::from_be_bytes(bytes))
    }

    /// The number.
    #[inline]
    pub fn get(self) -> i64 {
        self.0.get()
    }

    /// The bytes that stand in a sealed value.
    #[inline]
    pub fn to_bytes(self) -> [u8; 8] {
        self.get().to_be_bytes()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.get())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive() {
        assert_eq!(KeyId::new(0), None);
        assert_eq!(KeyId::new(-1), None);
        assert_eq!(KeyId::from_random([0; 8]), None);
        assert_eq!(KeyId::from_random([0x80, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(KeyId::from_random([0xff; 8]).map(KeyId::get), Some(i64::MAX));
        assert_eq!(KeyId::from_bytes([0xff; 8]), None);
        assert_eq!(KeyId::new(258).map(KeyId::to_bytes), Some([0, 0, 0, 0, 0, 0, 1, 2]));
    }
}
