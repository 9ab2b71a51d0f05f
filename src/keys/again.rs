//! Sealing a value again under the key in force where its own key is: from its bytes alone, in no context. Nobody is shown the plaintext.

use super::{kept, make, ring, rows};
use crate::sys::replace::{Look, Renewed, Replace};
use crate::sys::varlena;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use uuid::Uuid;
use watertight_core::Fault;
use watertight_core::keys::{KEY_PREFIX, KeyId, Purpose, Sealed, State};
use zeroize::Zeroizing;

/// How it stands with a key that values name.
#[derive(Clone, Copy)]
enum Standing {
    InForce,
    Retired,
    /// It is unknown here, or destroyed.
    Lost,
    /// It, or the one that takes its place, is not to be had at the moment.
    Unavailable,
}

/// Seals values of one table again, for some time.
pub struct Again {
    known: HashMap<KeyId, Standing>,
    until: Instant,
    /// What is missing may be there in a moment: that is waited for, and nothing passed over.
    may_wait: bool,
    /// Something is missing.
    pub waits: bool,
    /// Why something was passed over that nobody was at.
    pub why: Option<String>,
}

impl Again {
    /// For so long. `may_wait`: the worker does now what is missing, once this is over.
    pub fn new(time: Duration, may_wait: bool) -> Again {
        Again { known: HashMap::new(), until: Instant::now() + time, may_wait, waits: false, why: None }
    }

    fn standing(&mut self, id: KeyId) -> Standing {
        *self.known.entry(id).or_insert_with(|| look_up(id))
    }

    fn unavailable(&mut self, id: KeyId, fault: &Fault) -> Renewed {
        self.known.insert(id, Standing::Unavailable);
        self.why = Some(fault.message.to_string());
        Renewed::Later
    }
}

fn look_up(id: KeyId) -> Standing {
    let row = make::installed().ok().and_then(|tables| rows::data_key(&tables, id));
    match row.filter(|row| row.purpose == Purpose::Data).map(|row| row.state) {
        Some(State::Active) => Standing::InForce,
        Some(State::Retired) => Standing::Retired,
        Some(State::Destroyed) => Standing::Lost,
        // Of an ephemeral compartment, whose key is never retired?
        None if is_transient(id) => Standing::InForce,
        None => Standing::Lost,
    }
}

fn is_transient(id: KeyId) -> bool {
    kept::transients()
        .iter()
        .any(|about| kept::transient(Uuid::from_bytes(about.name)).is_some_and(|(known, _)| known == id))
}

impl Replace for Again {
    const LOOKS_AT: usize = KEY_PREFIX;

    fn look(&mut self, beginning: &[u8]) -> Look {
        match Sealed::key_of(beginning).map(|id| self.standing(id)) {
            Some(Standing::InForce) => Look::Keep,
            Some(Standing::Retired) => Look::Replace,
            Some(Standing::Unavailable) => Look::Later,
            Some(Standing::Lost) | None => Look::Leave,
        }
    }

    fn renew(&mut self, value: &[u8]) -> Renewed {
        let Ok(sealed) = Sealed::parse(value) else { return Renewed::Left };
        let mut plaintext = Zeroizing::new(vec![0; sealed.plaintext_len()]);
        let opened = ring::any(sealed.key, |sealer, spot| {
            sealer.open_into(&sealed, b"", &mut plaintext).map(|()| spot)
        });
        let spot = match opened {
            Ok(Ok(spot)) => spot,
            // It was changed, or is a probe, or not of this column.
            Ok(Err(_)) => return Renewed::Left,
            Err(fault) => return self.unavailable(sealed.key, &fault),
        };
        // The blind index stays: it is made by another key, and genuine, because the value has opened.
        let (renewed, written) = varlena::build(value.len(), |out| {
            ring::seal_at(spot, |sealer, nonce| {
                sealer.seal_into(sealed.kind, sealed.index, b"", nonce, &plaintext, out)
            })
        });
        match written {
            Ok(true) => Renewed::By(renewed),
            Ok(false) => Renewed::Left,
            // No key, or no uses of it: the worker was told.
            Err(_) if self.may_wait => {
                self.waits = true;
                Renewed::Stop
            }
            Err(fault) => self.unavailable(sealed.key, &fault),
        }
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }
}
