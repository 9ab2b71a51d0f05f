//! The pool of ready clones.

use uuid::Uuid;

/// A clone that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Its compartment.
    pub id: Uuid,
    /// What it was cloned from; empty if that has changed since.
    pub template: String,
}

/// What the pool needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    /// Clones that nobody wants.
    pub unwanted: Vec<Uuid>,
    /// How many are missing.
    pub missing: usize,
}

/// What is to be done so that `size` clones of `template` are ready. Without a template there are none.
pub fn due(clones: &[Ready], template: Option<&str>, size: usize) -> Due {
    let size = if template.is_some() { size } else { 0 };
    let (mut good, mut unwanted) = (0, Vec::new());
    for clone in clones {
        if good < size && template == Some(clone.template.as_str()) {
            good += 1;
        } else {
            unwanted.push(clone.id);
        }
    }
    Due { unwanted, missing: size - good }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clones(templates: &[&str]) -> Vec<Ready> {
        let clone =
            |(n, name): (usize, &&str)| Ready { id: Uuid::from_u128(n as u128), template: (*name).into() };
        templates.iter().enumerate().map(clone).collect()
    }

    #[test]
    fn keeps_what_it_can_use_and_no_more() {
        let ids = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect::<Vec<_>>();
        let waiting = clones(&["app", "", "other", "app", "app"]);
        assert_eq!(due(&waiting, Some("app"), 4), Due { unwanted: ids(&[1, 2]), missing: 1 });
        assert_eq!(due(&waiting, Some("app"), 2), Due { unwanted: ids(&[1, 2, 4]), missing: 0 });
        assert_eq!(due(&waiting, None, 9), Due { unwanted: ids(&[0, 1, 2, 3, 4]), missing: 0 });
        assert_eq!(due(&[], Some("app"), 3), Due { unwanted: vec![], missing: 3 });
    }
}
