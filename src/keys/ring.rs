//! The keys that this backend has lately used, expanded: few enough to be found by looking at each, and overwritten when they leave.

use super::{hear, nonces, reserve, rows, stack, store};
use crate::compartment::Compartment;
use crate::pg::ext;
use crate::registry::Tenant;
use crate::sys::epoch;
use crate::sys::local::LocalRef;
use uuid::Uuid;
use watertight_core::keys::{BlindIndex, Holder, IndexKey, KeyId, Nonce, Sealer, may_open};
use watertight_core::{Code, Fault};

/// So many keys are kept.
const CAPACITY: usize = 64;
/// The first of them are found about as soon as the very first.
const FRONT: usize = 4;
/// How often a key that was retired in the same moment is looked for again.
const TRIES: usize = 100;

/// Where a data key is in force.
#[derive(Clone, Copy)]
pub struct Spot {
    /// Whose values.
    pub tenant: Uuid,
    /// Where in the tenant; nil for global.
    pub compartment: Uuid,
    /// The compartment's key is nowhere but in shared memory.
    ephemeral: bool,
}

/// A context: whose values these are, and where.
#[derive(Clone, Copy)]
pub struct Here {
    /// The tenant.
    pub tenant: &'static Tenant,
    /// Where in the tenant.
    pub compartment: &'static Compartment,
}

impl Here {
    fn tenant(&self) -> Uuid {
        Uuid::from_bytes(self.tenant.id)
    }

    fn compartment(&self) -> Uuid {
        Uuid::from_bytes(self.compartment.id)
    }

    fn spot(&self) -> Spot {
        Spot { tenant: self.tenant(), compartment: self.compartment(), ephemeral: self.compartment.ephemeral }
    }

    /// Where its key is nowhere but in shared memory.
    fn ephemeral(&self) -> Option<(Uuid, Uuid)> {
        self.compartment.ephemeral.then(|| (self.tenant(), self.compartment()))
    }
}

enum Expanded {
    Data {
        sealer: Sealer,
        /// It is the one that seals, as far as is known.
        seals: bool,
        transient: bool,
        /// So many values may be sealed without asking.
        left: u64,
    },
    Index {
        tenant: [u8; 16],
        key: IndexKey,
    },
}

impl Expanded {
    fn tenant(&self) -> &[u8; 16] {
        match self {
            Expanded::Data { sealer, .. } => sealer.tenant().as_bytes(),
            Expanded::Index { tenant, .. } => tenant,
        }
    }
}

struct Slot {
    used: u64,
    key: Expanded,
}

struct Ring {
    /// When the keys were loaded.
    epoch: u64,
    generation: u64,
    clock: u64,
    slots: Vec<Slot>,
}

static RING: LocalRef<Ring> = LocalRef::new(Ring { epoch: 0, generation: 0, clock: 0, slots: Vec::new() });

/// Starts listening; called once, while the library is loaded.
pub fn install() {
    hear::listen(hear::Listener { forget, check });
}

fn forget() {
    let had_some = RING.with_mut(|ring| {
        let had_some = !ring.slots.is_empty();
        ring.slots.clear();
        had_some
    });
    if had_some {
        stack::wipe_deep();
    }
    epoch::let_go();
}

fn check() {
    // Also where there is none: a statement that was cancelled may have said that there would be.
    if RING.with(|ring| ring.slots.is_empty() || !ring.is_current()) {
        forget();
    }
}

impl Ring {
    #[inline]
    fn is_current(&self) -> bool {
        self.epoch == epoch::now() && self.generation == ext::keys_generation()
    }

    /// The place of a key that is wanted, if it is there and counts.
    #[inline]
    fn find(&mut self, wanted: impl Fn(&Expanded) -> bool) -> Option<usize> {
        if !self.is_current() {
            return None;
        }
        let mut found = self.slots.iter().position(|slot| wanted(&slot.key))?;
        self.clock += 1;
        self.slots[found].used = self.clock;
        // What a statement uses again and again comes to the front in a few steps, and does not jostle there: a tenant's values are
        // sealed by two keys in turns.
        if found >= FRONT {
            let nearer = found / 2;
            self.slots.swap(found, nearer);
            found = nearer;
        }
        Some(found)
    }

    fn insert(&mut self, epoch: u64, generation: u64, key: Expanded) {
        if (self.epoch, self.generation) != (epoch, generation) {
            self.slots.clear();
            (self.epoch, self.generation) = (epoch, generation);
        }
        if let Expanded::Data { sealer, .. } = &key {
            let same = |slot: &Slot| matches!(&slot.key, Expanded::Data { sealer: other, .. } if other.id() == sealer.id());
            self.slots.retain(|slot| !same(slot));
        }
        if self.slots.len() >= CAPACITY {
            let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used).map(|(at, _)| at);
            oldest.map(|at| self.slots.swap_remove(at));
        }
        self.clock += 1;
        // Never more than this, so that no slot is ever copied to grow.
        self.slots.reserve_exact(CAPACITY - self.slots.len());
        self.slots.push(Slot { used: self.clock, key });
    }

    fn sealer(&self, at: usize) -> Option<&Sealer> {
        match &self.slots.get(at)?.key {
            Expanded::Data { sealer, .. } => Some(sealer),
            Expanded::Index { .. } => None,
        }
    }
}

/// Loads a key and keeps it. Whoever destroys it meanwhile knows that this backend may have it.
fn load(load: impl FnOnce() -> Result<Expanded, Fault>) -> Result<(), Fault> {
    check();
    let (epoch, generation) = (epoch::now(), ext::keys_generation());
    let loaded = load();
    stack::wipe();
    if let Ok(key) = loaded {
        // Said before it is kept, and asked once more afterwards: whoever raises the epoch in between either is seen here, or sees us.
        epoch::hold(epoch, key.tenant());
        RING.with_mut(|ring| ring.insert(epoch, generation, key));
        check();
        return Ok(());
    }
    check();
    loaded.map(|_| ())
}

/// Seals a value: `f` is given the key in force and a nonce for it.
///
/// # Errors
/// 55000 if there is no key to be had, 53400 if it must not be used any more.
pub fn seal<R>(here: Here, f: impl FnOnce(&Sealer, Nonce) -> R) -> Result<R, Fault> {
    seal_at(here.spot(), f)
}

/// The same without a context.
///
/// # Errors
/// As for [`seal`].
pub fn seal_at<R>(spot: Spot, f: impl FnOnce(&Sealer, Nonce) -> R) -> Result<R, Fault> {
    let nonce = nonces::next()?;
    let at = ready(spot)?;
    RING.with(|ring| ring.sealer(at).map(|sealer| f(sealer, nonce))).ok_or_else(lost)
}

/// The place of the key in force, with one use taken.
#[inline]
fn ready(spot: Spot) -> Result<usize, Fault> {
    for _ in 0..TRIES {
        let found = RING.with_mut(|ring| {
            let at = ring.find(|key| is_in_force(key, &spot))?;
            let Expanded::Data { left, sealer, transient, .. } = &mut ring.slots.get_mut(at)?.key else {
                return None;
            };
            if *left > 0 {
                *left -= 1;
                return Some(Ok(at));
            }
            Some(Err((sealer.id(), *transient)))
        });
        match found {
            Some(Ok(at)) => return Ok(at),
            Some(Err((id, transient))) => take_more(id, transient.then_some(spot.compartment))?,
            None => load(|| {
                let loaded = store::active(spot.tenant, spot.compartment, spot.ephemeral)?;
                Ok(expand(&loaded))
            })?,
        }
    }
    Err(lost())
}

fn is_in_force(key: &Expanded, spot: &Spot) -> bool {
    matches!(key, Expanded::Data { sealer, seals: true, .. }
        if *sealer.tenant() == spot.tenant && *sealer.compartment() == spot.compartment)
}

fn expand(loaded: &store::Loaded) -> Expanded {
    Expanded::Data {
        sealer: Sealer::new(loaded.id, loaded.tenant, loaded.compartment, &loaded.secret),
        seals: loaded.state.seals(),
        transient: loaded.transient,
        left: 0,
    }
}

fn take_more(id: KeyId, transient: Option<Uuid>) -> Result<(), Fault> {
    let taken = reserve::take(id, transient)?;
    RING.with_mut(|ring| {
        for slot in &mut ring.slots {
            if let Expanded::Data { sealer, seals, left, .. } = &mut slot.key
                && sealer.id() == id
            {
                // None: another one is in force.
                *seals = taken > 0;
                *left += taken;
            }
        }
    });
    Ok(())
}

/// Keys change faster than they can be loaded.
fn lost() -> Fault {
    Fault::new(Code::NotInPrerequisiteState, "the tenant's keys are being changed").hint("Try again.")
}

/// Opens a value: `f` is given the key that it names.
///
/// # Errors
/// 42501 if it is not for this context; 42704 or 55000 if the key is not to be had.
pub fn open<R>(here: Here, id: KeyId, f: impl FnOnce(&Sealer) -> R) -> Result<R, Fault> {
    let named = |key: &Expanded| matches!(key, Expanded::Data { sealer, .. } if sealer.id() == id);
    for _ in 0..TRIES {
        if let Some(at) = RING.with_mut(|ring| ring.find(named)) {
            return RING
                .with(|ring| {
                    let sealer = ring.sealer(at)?;
                    let holder = Holder { tenant: *sealer.tenant(), compartment: *sealer.compartment() };
                    Some(permit(here, &holder).map(|()| f(sealer)))
                })
                .unwrap_or_else(|| Err(lost()));
        }
        // No tenant has another one's key unwrapped.
        if let Some(row) = ext::tables().and_then(|tables| rows::data_key(&tables, id)) {
            permit(here, &Holder { tenant: row.tenant, compartment: row.compartment })?;
        }
        load(|| Ok(expand(&store::by_id(id, here.ephemeral())?)))?;
    }
    Err(lost())
}

/// A key that has a row, whosever it is: `f` is given it, and where it belongs. For whoever shows nobody what it opens.
///
/// # Errors
/// 42704 or 55000 if the key is not to be had.
pub fn any<R>(id: KeyId, f: impl FnOnce(&Sealer, Spot) -> R) -> Result<R, Fault> {
    let named = |key: &Expanded| matches!(key, Expanded::Data { sealer, .. } if sealer.id() == id);
    for _ in 0..TRIES {
        if let Some(at) = RING.with_mut(|ring| ring.find(named)) {
            return RING
                .with(|ring| {
                    let sealer = ring.sealer(at)?;
                    let (tenant, compartment) = (*sealer.tenant(), *sealer.compartment());
                    Some(f(sealer, Spot { tenant, compartment, ephemeral: false }))
                })
                .ok_or_else(lost);
        }
        load(|| Ok(expand(&store::by_id(id, None)?)))?;
    }
    Err(lost())
}

#[inline]
fn permit(here: Here, holder: &Holder) -> Result<(), Fault> {
    let reads = |compartment: &Uuid| here.compartment.may_read(compartment.as_bytes());
    may_open(Some((&here.tenant(), reads)), holder).map(|_| ())
}

/// The blind index of a value.
///
/// # Errors
/// 55000 if there is no key to be had.
pub fn index(here: Here, plaintext: &[u8]) -> Result<BlindIndex, Fault> {
    let ours = |key: &Expanded| matches!(key, Expanded::Index { tenant, .. } if *tenant == here.tenant.id);
    for _ in 0..TRIES {
        let made = RING.with_mut(|ring| {
            let at = ring.find(ours)?;
            match &ring.slots.get(at)?.key {
                Expanded::Index { key, .. } => Some(key.of(plaintext)),
                Expanded::Data { .. } => None,
            }
        });
        if let Some(made) = made {
            return Ok(made);
        }
        load(|| {
            let loaded = store::index(here.tenant())?;
            Ok(Expanded::Index { tenant: here.tenant.id, key: IndexKey::new(&loaded.secret) })
        })?;
    }
    Err(lost())
}
