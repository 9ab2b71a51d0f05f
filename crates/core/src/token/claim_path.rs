//! Where in a token a claim is found.

use super::json::{Json, Object};

const MAX_BYTES: usize = 256;
const MAX_STEPS: usize = 15;

/// A path to a claim: `o.id`, `app_metadata.tenant`, or a JSON pointer (RFC 6901) such as
/// `/https:~1~1example.com~1tenant/id` where names contain dots. A top-level claim whose name is the whole text of
/// the path comes first, so `https://example.com/tenant` works as it stands. Paths go through objects only, never
/// into arrays: the first of several values is nobody's tenant.
#[derive(Clone, Debug)]
pub(super) struct ClaimPath {
    whole: String,
    /// Empty when the path is a single name.
    steps: Vec<String>,
}

impl ClaimPath {
    /// A top-level claim.
    pub(super) fn top(name: &str) -> Self {
        ClaimPath { whole: name.to_owned(), steps: Vec::new() }
    }

    /// Parses a path; `None` when it is empty, too long, or has an empty step or a bad escape.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_BYTES || text.chars().any(char::is_control) {
            return None;
        }
        let steps: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescape).collect::<Option<_>>()?,
            None if text.contains('.') => text.split('.').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let valid = steps.len() <= MAX_STEPS && steps.iter().all(|step| !step.is_empty());
        valid.then(|| ClaimPath { whole: text.to_owned(), steps })
    }

    /// The value at this path, and the object it was found in.
    pub(super) fn find<'j, 'a>(&self, claims: &'j Object<'a>) -> Option<(&'j Object<'a>, &'j Json<'a>)> {
        if let Some(value) = claims.get(&self.whole) {
            return Some((claims, value));
        }
        let (last, parents) = self.steps.split_last()?;
        let mut object = claims;
        for step in parents {
            match object.get(step)? {
                Json::Object(inner) => object = inner,
                _ => return None,
            }
        }
        object.get(last).map(|value| (object, value))
    }
}

/// RFC 6901, section 4: `~1` is `/`, `~0` is `~`, and no other escape exists.
fn unescape(step: &str) -> Option<String> {
    let mut out = String::with_capacity(step.len());
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}
