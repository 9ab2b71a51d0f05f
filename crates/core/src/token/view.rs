//! Encoded facts, read where they lie.

use super::tenant_claim::TenantRef;
use uuid::Uuid;

pub(super) const VERSION: u8 = 1;
pub(super) const ISSUED_AT: u8 = 1;
pub(super) const NOT_BEFORE: u8 = 2;
pub(super) const SESSION: u8 = 4;
pub(super) const TENANT_ID: u8 = 0;
pub(super) const TENANT_NAME: u8 = 1;
pub(super) const TENANT_KEY: u8 = 2;

const TEXTS: usize = 6;

/// [`Facts`](super::Facts) in their encoded form, borrowed: reading them allocates nothing. Any input is safe; the
/// bytes are taken only if every one of them has its place.
#[derive(Clone, Copy, Debug)]
pub struct FactsView<'a> {
    issuer: &'a str,
    tenant: TenantRef<'a>,
    /// In the order of the flags: user, email, role, compartment, jti, scopes.
    texts: [Option<&'a str>; TEXTS],
    session: Option<Uuid>,
    issued_at: Option<i64>,
    not_before: Option<i64>,
    expires_at: i64,
    leeway: i64,
}

impl<'a> FactsView<'a> {
    /// Reads what [`Facts::encode`](super::Facts::encode) made; `None` for any other bytes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let [version, texts_flags, others, kind] = rest.array()?;
        if version != VERSION
            || texts_flags >> TEXTS != 0
            || others & !(ISSUED_AT | NOT_BEFORE | SESSION) != 0
        {
            return None;
        }
        let (expires_at, leeway) = (rest.integer()?, rest.integer()?);
        let issued_at = if others & ISSUED_AT != 0 { Some(rest.integer()?) } else { None };
        let not_before = if others & NOT_BEFORE != 0 { Some(rest.integer()?) } else { None };
        let session = if others & SESSION != 0 { Some(Uuid::from_bytes(rest.array()?)) } else { None };
        let tenant = match kind {
            TENANT_ID => TenantRef::Id(Uuid::from_bytes(rest.array()?)),
            TENANT_NAME => TenantRef::Name(rest.text()?),
            TENANT_KEY => TenantRef::Key(rest.integer()?),
            _ => return None,
        };
        let issuer = rest.text()?;
        let mut texts = [None; TEXTS];
        for (i, text) in texts.iter_mut().enumerate() {
            if texts_flags & (1 << i) != 0 {
                *text = Some(rest.text()?);
            }
        }
        let view = FactsView { issuer, tenant, texts, session, issued_at, not_before, expires_at, leeway };
        rest.0.is_empty().then_some(view)
    }

    /// The issuer.
    pub fn issuer(&self) -> &'a str {
        self.issuer
    }
    /// The tenant.
    pub fn tenant(&self) -> TenantRef<'a> {
        self.tenant
    }
    /// The user.
    pub fn user(&self) -> Option<&'a str> {
        self.texts[0]
    }
    /// The e-mail address.
    pub fn email(&self) -> Option<&'a str> {
        self.texts[1]
    }
    /// The role.
    pub fn role(&self) -> Option<&'a str> {
        self.texts[2]
    }
    /// The compartment's name.
    pub fn compartment(&self) -> Option<&'a str> {
        self.texts[3]
    }
    /// The token's id.
    pub fn jti(&self) -> Option<&'a str> {
        self.texts[4]
    }
    /// The scopes, separated by one space.
    pub fn scopes(&self) -> Option<&'a str> {
        self.texts[5]
    }
    /// The session.
    pub fn session(&self) -> Option<Uuid> {
        self.session
    }
    /// `iat` in seconds since 1970.
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }
    /// `nbf` in seconds since 1970.
    pub fn not_before(&self) -> Option<i64> {
        self.not_before
    }
    /// `exp` in seconds since 1970.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
    /// The leeway in seconds.
    pub fn leeway(&self) -> i64 {
        self.leeway
    }

    /// Whether the token counts at this moment, in microseconds since 1970: `nbf - leeway <= now < exp + leeway`.
    pub fn is_current(&self, now_unix_micros: i64) -> bool {
        let now = i128::from(now_unix_micros);
        let micros = |seconds: i64, leeway: i128| (i128::from(seconds) + leeway) * 1_000_000;
        let leeway = i128::from(self.leeway);
        now < micros(self.expires_at, leeway)
            && self.not_before.is_none_or(|from| now >= micros(from, -leeway))
    }
}

/// Takes bytes from the front; `None` when there are too few.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn integer(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).ok()?;
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        std::str::from_utf8(head).ok()
    }
}
