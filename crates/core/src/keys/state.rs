use std::fmt;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Wraps a tenant's data and index keys.
    Tenant = 1,
    /// Seals values.
    Data = 2,
    /// Makes blind indexes.
    Index = 3,
    /// Signs the installation's certificates.
    Signing = 4,
}

impl Purpose {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Tenant => "tenant",
            Purpose::Data => "data",
            Purpose::Index => "index",
            Purpose::Signing => "signing",
        }
    }

    /// What is stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Purpose::Tenant, Purpose::Data, Purpose::Index, Purpose::Signing]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }
}

/// What may still be done with a key. Nothing goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Seals and opens; one of its kind.
    Active,
    /// Opens.
    Retired,
    /// Its bytes are gone.
    Destroyed,
}

impl State {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Retired => "retired",
            State::Destroyed => "destroyed",
        }
    }

    /// What is stored; anything else is not a state.
    pub fn parse(text: &str) -> Option<Self> {
        [State::Active, State::Retired, State::Destroyed].into_iter().find(|state| state.as_str() == text)
    }

    /// Whether a key of this state may become one of that.
    pub fn may_become(self, other: State) -> bool {
        self < other
    }

    /// Whether values may be sealed, or keys wrapped, with it.
    pub const fn seals(self) -> bool {
        matches!(self, State::Active)
    }

    /// Whether what was sealed with it opens.
    pub const fn opens(self) -> bool {
        matches!(self, State::Active | State::Retired)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_goes_back() {
        let all = [State::Active, State::Retired, State::Destroyed];
        for (at, from) in all.into_iter().enumerate() {
            for (to, other) in all.into_iter().enumerate() {
                assert_eq!(from.may_become(other), at < to, "{from} to {other}");
            }
            assert_eq!(State::parse(from.as_str()), Some(from));
        }
        assert_eq!(State::parse("Active"), None);
        assert_eq!(all.map(State::seals), [true, false, false]);
        assert_eq!(all.map(State::opens), [true, true, false]);
    }

    #[test]
    fn purposes_are_what_is_stored() {
        for text in ["tenant", "data", "index", "signing"] {
            assert_eq!(Purpose::parse(text).map(Purpose::as_str), Some(text));
        }
        assert_eq!(Purpose::parse(""), None);
    }
}
