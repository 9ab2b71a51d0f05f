//! How long a session lasts.

/// What the installation says, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The absolute lifetime where nothing else is said.
    pub lifetime: i64,
    /// The longest one that can be asked for; 0 means no limit.
    pub max_lifetime: i64,
    /// The idle timeout where nothing else is said; 0 means none.
    pub idle: i64,
    /// The longest lifetime of an ephemeral compartment; 0 means no limit.
    pub ephemeral: i64,
}

/// What a compartment or the caller of `login()` asks for, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The absolute lifetime.
    pub lifetime: Option<i64>,
    /// The idle timeout.
    pub idle: Option<i64>,
}

/// A session's times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// From login to the end, whatever happens.
    pub absolute: i64,
    /// From the last statement to the end; `None`: as long as the session.
    pub idle: Option<i64>,
}

/// Everybody can shorten a session and nobody can lengthen it: of the limits that are set, the smallest counts. What nobody set
/// is the installation's.
pub fn lifetime(installation: Installation, ephemeral: bool, compartment: Asked, login: Asked) -> Lifetime {
    let limit = |seconds: i64| (seconds > 0).then_some(seconds);
    let smallest =
        |limits: [Option<i64>; 4]| limits.into_iter().flatten().map(|seconds| seconds.max(1)).min();
    let ephemeral = ephemeral.then(|| limit(installation.ephemeral)).flatten();
    let asked = [compartment.lifetime, login.lifetime].into_iter().flatten().min();
    let absolute = smallest([
        Some(asked.unwrap_or(installation.lifetime)),
        limit(installation.max_lifetime),
        ephemeral,
        None,
    ])
    .unwrap_or(1);
    let idle = smallest([compartment.idle, login.idle, limit(installation.idle), None]);
    Lifetime { absolute, idle: idle.filter(|idle| *idle < absolute) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: Installation =
        Installation { lifetime: 28_800, max_lifetime: 86_400, idle: 1_800, ephemeral: 14_400 };
    const NOTHING: Asked = Asked { lifetime: None, idle: None };

    #[test]
    fn what_nobody_asks_for_is_the_installations() {
        assert_eq!(
            lifetime(HOUSE, false, NOTHING, NOTHING),
            Lifetime { absolute: 28_800, idle: Some(1_800) }
        );
        assert_eq!(lifetime(HOUSE, true, NOTHING, NOTHING).absolute, 14_400);
    }

    #[test]
    fn the_smallest_limit_counts() {
        let compartment = Asked { lifetime: Some(40_000), idle: Some(600) };
        let login = Asked { lifetime: Some(90_000), idle: Some(9_000) };
        assert_eq!(
            lifetime(HOUSE, false, compartment, login),
            Lifetime { absolute: 40_000, idle: Some(600) }
        );
        assert_eq!(lifetime(HOUSE, false, NOTHING, login).absolute, 86_400);
        assert_eq!(lifetime(HOUSE, false, NOTHING, login).idle, Some(1_800));
    }

    #[test]
    fn no_limit_means_none() {
        let open = Installation { max_lifetime: 0, idle: 0, ephemeral: 0, ..HOUSE };
        assert_eq!(lifetime(open, true, NOTHING, NOTHING), Lifetime { absolute: 28_800, idle: None });
    }

    #[test]
    fn nothing_lasts_for_ever_or_for_no_time() {
        let asked = Asked { lifetime: Some(-5), idle: Some(0) };
        assert_eq!(lifetime(HOUSE, false, NOTHING, asked), Lifetime { absolute: 1, idle: None });
    }
}
