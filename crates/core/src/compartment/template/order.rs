//! What has to exist before what.

use super::facts::{Function, Need, Sequence, Template, Type};
use super::relation::Relation;
use crate::{Code, Fault};
use std::collections::{BTreeMap, BTreeSet};

/// Something that is created by a statement of its own.
#[derive(Clone, Copy, Debug)]
pub enum Unit<'a> {
    /// A sequence that no identity column makes.
    Sequence(&'a Sequence),
    /// A type.
    Type(&'a Type),
    /// A function.
    Function(&'a Function),
    /// A table or view.
    Relation(&'a Relation),
}

impl Unit<'_> {
    /// As in [`Need`].
    fn key(&self) -> (char, u32) {
        match self {
            Unit::Sequence(sequence) => ('r', sequence.oid),
            Unit::Type(kind) => ('t', kind.oid),
            Unit::Function(function) => ('f', function.oid),
            Unit::Relation(relation) => ('r', relation.oid),
        }
    }
}

/// Something in its place.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// What.
    pub unit: Unit<'a>,
    /// Something that its defaults or check constraints need comes later.
    pub late_defaults: bool,
    /// Tables that it references and that come later.
    pub late_keys: BTreeSet<u32>,
}

#[derive(Default)]
struct Waits {
    hard: BTreeSet<(char, u32)>,
    soft: BTreeSet<(char, u32)>,
    keys: BTreeSet<(char, u32)>,
}

/// Everything in an order in which it can be created. What waits for nothing comes in the order sequences, types,
/// functions, tables, views. Circles are broken at foreign keys first, then at defaults and check constraints.
///
/// # Errors
/// 0A000 for a circle that cannot be broken.
pub fn order<'a>(template: &'a Template, needs: &[Need]) -> Result<Vec<Placed<'a>>, Fault> {
    let mut waiting = units(template);
    let mut missing: BTreeSet<(char, u32)> = waiting.iter().map(Unit::key).collect();
    let waits = waits(template, needs);
    let nothing = Waits::default();
    let mut placed = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let free = |strict: u8| {
            waiting.iter().position(|unit| {
                let waits = waits.get(&unit.key()).unwrap_or(&nothing);
                waits.hard.is_disjoint(&missing)
                    && (strict < 1 || waits.soft.is_disjoint(&missing))
                    && (strict < 2
                        || waits.keys.iter().all(|key| *key == unit.key() || !missing.contains(key)))
            })
        };
        let Some(next) = free(2).or_else(|| free(1)).or_else(|| free(0)) else {
            return Err(Fault::new(
                Code::FeatureNotSupported,
                format!("cannot clone objects of schema \"{}\" that need each other", template.schema),
            ));
        };
        let unit = waiting.remove(next);
        missing.remove(&unit.key());
        let waits = waits.get(&unit.key()).unwrap_or(&nothing);
        placed.push(Placed {
            unit,
            late_defaults: !waits.soft.is_disjoint(&missing),
            late_keys: waits.keys.intersection(&missing).map(|(_, oid)| *oid).collect(),
        });
    }
    Ok(placed)
}

fn units(template: &Template) -> Vec<Unit<'_>> {
    let sequences = template.sequences.iter().filter(|sequence| !sequence.identity).map(Unit::Sequence);
    let tables = template.relations.iter().filter(|relation| relation.view.is_none());
    let views = template.relations.iter().filter(|relation| relation.view.is_some());
    sequences
        .chain(template.types.iter().map(Unit::Type))
        .chain(template.functions.iter().map(Unit::Function))
        .chain(tables.map(Unit::Relation))
        .chain(views.map(Unit::Relation))
        .collect()
}

fn waits(template: &Template, needs: &[Need]) -> BTreeMap<(char, u32), Waits> {
    let mut waits: BTreeMap<(char, u32), Waits> = BTreeMap::new();
    for need in needs {
        let waits = waits.entry((need.kind, need.oid)).or_default();
        let list = if need.soft { &mut waits.soft } else { &mut waits.hard };
        list.insert((need.needs_kind, need.needs_oid));
    }
    for relation in &template.relations {
        let keys = relation.constraints.iter().filter_map(|key| key.references).map(|oid| ('r', oid));
        let keys: BTreeSet<(char, u32)> = keys.collect();
        if !keys.is_empty() {
            waits.entry(('r', relation.oid)).or_default().keys.extend(keys);
        }
    }
    waits
}
