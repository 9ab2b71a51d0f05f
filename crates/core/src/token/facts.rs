//! What a verified token says, and how it is kept: plain bytes in a setting.

use super::tenant_claim::{TenantClaim, TenantRef};
use super::view::{self, FactsView};
use uuid::Uuid;

/// The facts of a verified token. They say who signed what; whether it still counts (tenant active, user not
/// revoked) is for the registry to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `iss`: the trusted issuer whose key signed.
    pub issuer: String,
    /// The tenant.
    pub tenant: TenantClaim,
    /// The user (`sub`).
    pub user: Option<String>,
    /// The e-mail address, unless the issuer says that it is not verified.
    pub email: Option<String>,
    /// The role the token claims.
    pub role: Option<String>,
    /// The compartment's name.
    pub compartment: Option<String>,
    /// The session (`sid`).
    pub session: Option<Uuid>,
    /// `jti`.
    pub jti: Option<String>,
    /// Scopes, separated by one space.
    pub scopes: Option<String>,
    /// `iat`, in seconds since 1970.
    pub issued_at: Option<i64>,
    /// `nbf`, in seconds since 1970.
    pub not_before: Option<i64>,
    /// `exp`, in seconds since 1970, without leeway.
    pub expires_at: i64,
    /// The leeway that applies to this token, in seconds.
    pub leeway: i64,
}

impl Facts {
    /// Encodes for [`FactsView`]. Layout (integers little-endian): version, flags of present texts, flags of present
    /// times, kind of tenant; `exp`, leeway, `iat`?, `nbf`?, session?, tenant, issuer, texts. A text is its length
    /// in four bytes and its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let texts = [&self.user, &self.email, &self.role, &self.compartment, &self.jti, &self.scopes];
        let name = if let TenantClaim::Name(name) = &self.tenant { name.len() } else { 0 };
        let texts_size: usize =
            texts.iter().filter_map(|text| text.as_ref()).map(|text| text.len() + 4).sum();
        let mut out = Vec::with_capacity(72 + self.issuer.len() + name + texts_size);

        let flag = |present: bool, bit: u8| if present { bit } else { 0 };
        let texts_flags =
            texts.iter().enumerate().fold(0, |flags, (i, text)| flags | flag(text.is_some(), 1 << i));
        let others = flag(self.issued_at.is_some(), view::ISSUED_AT)
            | flag(self.not_before.is_some(), view::NOT_BEFORE)
            | flag(self.session.is_some(), view::SESSION);
        let kind = match self.tenant {
            TenantClaim::Id(_) => view::TENANT_ID,
            TenantClaim::Name(_) => view::TENANT_NAME,
            TenantClaim::Key(_) => view::TENANT_KEY,
        };
        out.extend([view::VERSION, texts_flags, others, kind]);
        for number in
            [Some(self.expires_at), Some(self.leeway), self.issued_at, self.not_before].into_iter().flatten()
        {
            out.extend(number.to_le_bytes());
        }
        if let Some(session) = &self.session {
            out.extend(session.as_bytes());
        }
        match self.tenant.as_ref() {
            TenantRef::Id(id) => out.extend(id.as_bytes()),
            TenantRef::Key(key) => out.extend(key.to_le_bytes()),
            TenantRef::Name(name) => push_text(&mut out, name),
        }
        push_text(&mut out, &self.issuer);
        for text in texts.into_iter().flatten() {
            push_text(&mut out, text);
        }
        out
    }

    /// Decodes what [`Facts::encode`] made; `None` for any other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Facts> {
        let view = FactsView::new(bytes)?;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Facts {
            issuer: view.issuer().to_owned(),
            tenant: view.tenant().to_owned(),
            user: owned(view.user()),
            email: owned(view.email()),
            role: owned(view.role()),
            compartment: owned(view.compartment()),
            session: view.session(),
            jti: owned(view.jti()),
            scopes: owned(view.scopes()),
            issued_at: view.issued_at(),
            not_before: view.not_before(),
            expires_at: view.expires_at(),
            leeway: view.leeway(),
        })
    }
}

/// A text beyond four gigabytes cannot come out of a token of 16 KiB; if it did, the length would not fit its bytes
/// and nothing would decode: refused, not misread.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
