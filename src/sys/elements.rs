//! The elements of an array, some of which are replaced.

use pgrx::pg_sys::{self, Datum, Oid};

/// What becomes of an array.
pub(super) enum Rebuilt {
    /// It stays.
    Same,
    /// It is this one, made in the current memory context.
    By(Datum),
    /// `each` has stopped.
    Stopped,
}

/// Calls `each` with the elements that are not null, until it returns an error; what it returns takes their place.
///
/// # Safety
/// `pointer` must be an array of elements of this type, which must be one of variable length, and what lies out of line must be there.
pub(super) unsafe fn rebuild(
    pointer: usize,
    element: Oid,
    mut each: impl FnMut(usize) -> Result<Option<Datum>, ()>,
) -> Rebuilt {
    let (mut length, mut by_value, mut align) = (0, false, 0);
    let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: by the caller; what is taken apart and detoasted is in the current memory context, and has `count` places.
    let (array, values, nulls) = unsafe {
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let array = pg_sys::pg_detoast_datum(pointer as *mut pg_sys::varlena).cast::<pg_sys::ArrayType>();
        pg_sys::deconstruct_array(
            array,
            element,
            i32::from(length),
            by_value,
            align,
            &mut values,
            &mut nulls,
            &mut count,
        );
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            return Rebuilt::Same;
        }
        (array, std::slice::from_raw_parts_mut(values, count), std::slice::from_raw_parts_mut(nulls, count))
    };
    let mut replaced = false;
    for (value, _) in values.iter_mut().zip(&*nulls).filter(|(_, null)| !**null) {
        match each(value.value()) {
            Ok(None) => {}
            Ok(Some(by)) => {
                *value = by;
                replaced = true;
            }
            Err(()) => return Rebuilt::Stopped,
        }
    }
    if !replaced {
        return Rebuilt::Same;
    }
    // SAFETY: the array's own dimensions, and as many elements as before.
    unsafe {
        let dimensions = (*array).ndim;
        let sizes = array.byte_add(size_of::<pg_sys::ArrayType>()).cast::<i32>();
        let first = sizes.add(usize::try_from(dimensions).unwrap_or(0));
        Rebuilt::By(Datum::from(pg_sys::construct_md_array(
            values.as_mut_ptr(),
            nulls.as_mut_ptr(),
            dimensions,
            sizes,
            first,
            element,
            i32::from(length),
            by_value,
            align,
        )))
    }
}
