//! What a context may read and write of rows, by the compartment it is in.

use super::GLOBAL;
use uuid::Uuid;

/// What the installation says of Global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its rows are readable from other compartments.
    pub global_readable: bool,
    /// Whoever is in it may write.
    pub global_writable: bool,
}

/// The rows within reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The compartment the context is in.
    pub id: Uuid,
    /// What it reads, itself first, each once.
    pub reads: Vec<Uuid>,
    /// It may write where it is.
    pub writes: bool,
}

impl Room {
    /// Of a context in `id` whose readable ancestors are `ancestors`, the nearest first.
    pub fn new(id: Uuid, ancestors: &[Uuid], settings: Settings) -> Room {
        let mut reads = vec![id];
        let global = settings.global_readable.then_some(GLOBAL);
        for other in ancestors.iter().copied().chain(global) {
            if !reads.contains(&other) {
                reads.push(other);
            }
        }
        Room { id, reads, writes: id != GLOBAL || settings.global_writable }
    }

    /// What is read is what may be written: one comparison serves both.
    pub fn is_plain(&self) -> bool {
        self.reads.len() == 1 && self.writes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Settings = Settings { global_readable: false, global_writable: true };

    #[test]
    fn a_compartment_reads_itself_alone() {
        let id = Uuid::from_u128(7);
        let room = Room::new(id, &[], CLOSED);
        assert_eq!((room.reads.as_slice(), room.writes, room.is_plain()), (&[id][..], true, true));
        assert!(Room::new(GLOBAL, &[], CLOSED).is_plain());
    }

    #[test]
    fn ancestors_and_global_are_read_and_not_written() {
        let ids: Vec<Uuid> = (1..4).map(Uuid::from_u128).collect();
        let open = Settings { global_readable: true, ..CLOSED };
        let room = Room::new(ids[0], &ids[1..], open);
        assert_eq!(room.reads, [ids[0], ids[1], ids[2], GLOBAL]);
        assert!(room.writes && !room.is_plain());
        // Global reads itself once.
        assert_eq!(Room::new(GLOBAL, &[], open).reads, [GLOBAL]);
    }

    #[test]
    fn global_can_be_closed_for_writing() {
        let room = Room::new(GLOBAL, &[], Settings { global_writable: false, ..CLOSED });
        assert!(!room.writes && !room.is_plain());
        let elsewhere = Room::new(Uuid::from_u128(1), &[], Settings { global_writable: false, ..CLOSED });
        assert!(elsewhere.writes);
    }
}
