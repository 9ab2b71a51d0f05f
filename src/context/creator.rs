//! Who is recorded as a row's creator.

use super::verdict;
use crate::pg::error::OrRaise;

/// The verified e-mail address, else the user id; `None` without a token.
pub fn creator() -> Option<String> {
    if !verdict::has_token() {
        return None;
    }
    let identity = verdict::identity().or_raise();
    identity.email.or(identity.user)
}
