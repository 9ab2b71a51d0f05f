//! When a revocation has nothing left to refuse.

use super::issuer::MAX_LEEWAY;
use crate::error::{Code, Fault};

/// Revocations made before the time this returns may be forgotten: their tokens have expired, by the longest lifetime and the
/// largest leeway that any issuer may have. All times are seconds since 1970.
///
/// `asked` is an administrator's own limit. It is the way to keep revocations longer, and the only one where tokens have no
/// longest lifetime (`max_lifetime` 0): then nobody but the administrator can know.
///
/// # Errors
/// 22023 for a limit at which tokens may still be good, 55000 where there is neither a limit nor a longest lifetime.
pub fn forgettable(asked: Option<i64>, now: i64, max_lifetime: i64) -> Result<i64, Fault> {
    let latest = match max_lifetime {
        0 => now,
        _ => now.saturating_sub(max_lifetime).saturating_sub(MAX_LEEWAY),
    };
    match asked {
        None if max_lifetime == 0 => {
            Err(Fault::new(Code::NotInPrerequisiteState, "tokens have no longest lifetime")
                .detail("watertight.max_token_lifetime is 0, so a revoked token may be good at any later time.")
                .hint("Say with before when the last of the tokens you know of has expired, or limit lifetimes."))
        }
        None => Ok(latest),
        Some(asked) if asked > now => {
            Err(Fault::new(Code::InvalidParameter, "before must not be in the future"))
        }
        Some(asked) if asked > latest => {
            Err(Fault::new(Code::InvalidParameter, "revocations from then on may still refuse a token")
                .detail(format!(
                    "Tokens may live for {max_lifetime} seconds (watertight.max_token_lifetime), and clocks may differ by \
                     {MAX_LEEWAY} seconds."
                ))
                .hint("Leave before out to forget all that have nothing left to refuse."))
        }
        Some(asked) => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;
    const DAY: i64 = 86_400;

    #[test]
    fn by_default_what_the_longest_lifetime_has_outlived() {
        assert_eq!(forgettable(None, NOW, DAY), Ok(NOW - DAY - 3600));
    }

    #[test]
    fn an_administrator_may_keep_them_longer_and_not_shorter() {
        assert_eq!(forgettable(Some(5), NOW, DAY), Ok(5));
        assert_eq!(forgettable(Some(NOW - DAY - 3600), NOW, DAY), Ok(NOW - DAY - 3600));
        for early in [NOW - DAY - 3599, NOW, i64::MAX] {
            assert_eq!(
                forgettable(Some(early), NOW, DAY).map_err(|fault| fault.code),
                Err(Code::InvalidParameter)
            );
        }
    }

    #[test]
    fn without_a_longest_lifetime_the_administrator_has_to_say() {
        assert_eq!(forgettable(None, NOW, 0).map_err(|fault| fault.code), Err(Code::NotInPrerequisiteState));
        assert_eq!(forgettable(Some(5), NOW, 0), Ok(5));
        assert_eq!(
            forgettable(Some(NOW + 1), NOW, 0).map_err(|fault| fault.code),
            Err(Code::InvalidParameter)
        );
    }
}
